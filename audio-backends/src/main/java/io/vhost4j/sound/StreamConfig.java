package io.vhost4j.sound;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.StreamCapabilities;

/**
 * A PCM stream, and how its choice is to be narrower than what the backend can do.
 *
 * @param direction output or input
 * @param hdaFnNid function group: streams, jacks and channel maps of the same number belong
 *     together, and Linux makes one PCM device of each (A22)
 * @param formats mask of formats to allow
 * @param rates mask of rates to allow
 * @param minChannels fewest channels to allow
 * @param maxChannels most channels to allow
 */
public record StreamConfig(
    Direction direction, int hdaFnNid, long formats, long rates, int minChannels, int maxChannels) {

  /** A stream of function group 0 that offers all that the backend can do. */
  public StreamConfig(Direction direction) {
    this(direction, 0, -1, -1, 1, Integer.MAX_VALUE);
  }

  /** The same stream in another function group. */
  public StreamConfig withHdaFnNid(int nid) {
    return new StreamConfig(direction, nid, formats, rates, minChannels, maxChannels);
  }

  /** The same stream with these formats at most. */
  public StreamConfig withFormats(long mask) {
    return new StreamConfig(direction, hdaFnNid, mask, rates, minChannels, maxChannels);
  }

  /** The same stream with these rates at most. */
  public StreamConfig withRates(long mask) {
    return new StreamConfig(direction, hdaFnNid, formats, mask, minChannels, maxChannels);
  }

  /** The same stream with so many channels at most. */
  public StreamConfig withChannels(int min, int max) {
    return new StreamConfig(direction, hdaFnNid, formats, rates, min, max);
  }

  /**
   * What the stream offers: what both this and the backend allow.
   *
   * @throws AudioException if that is nothing (A28)
   */
  StreamCapabilities narrow(StreamCapabilities backend) throws AudioException {
    // Two samples of IMA ADPCM share a byte: frames are not whole bytes.
    long bothFormats = formats & backend.formats() & ~SampleFormat.IMA_ADPCM.mask();
    long bothRates = rates & backend.rates();
    int min = Math.max(minChannels, backend.minChannels());
    int max = Math.min(maxChannels, backend.maxChannels());
    if (bothFormats == 0 || bothRates == 0 || min < 1 || min > max) {
      throw new AudioException(
          "the audio backend can do none of the formats, rates or channels of an "
              + (direction == Direction.OUTPUT ? "output" : "input")
              + " stream; allow more of them");
    }
    return new StreamCapabilities(bothFormats, bothRates, min, max);
  }
}
