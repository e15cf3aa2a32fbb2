package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;

/**
 * A PCM stream, and how its choice is to be narrower than what the backend can do.
 *
 * <p>What is common is enough for people and keeps drivers reasonable: Linux makes its buffers
 * large enough for the widest frame at the highest rate that is offered, however little is played.
 * A backend that has nothing of what is common offers what it has.
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

  /** Integers of 16, 24 and 32 bits, and floats. */
  public static final long COMMON_FORMATS =
      SampleFormat.S16.mask()
          | SampleFormat.S24_3.mask()
          | SampleFormat.S24.mask()
          | SampleFormat.S32.mask()
          | SampleFormat.FLOAT.mask();

  /** 44.1 and 48 kHz, and their double and fourfold. */
  public static final long COMMON_RATES =
      SampleRate.HZ_44100.mask()
          | SampleRate.HZ_48000.mask()
          | SampleRate.HZ_88200.mask()
          | SampleRate.HZ_96000.mask()
          | SampleRate.HZ_176400.mask()
          | SampleRate.HZ_192000.mask();

  /** As many channels as a 7.1 system has. */
  public static final int COMMON_CHANNELS = 8;

  /** A stream of function group 0 that offers what is common, as far as the backend can do it. */
  public StreamConfig(Direction direction) {
    this(direction, 0, COMMON_FORMATS, COMMON_RATES, 1, COMMON_CHANNELS);
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
    long bothFormats =
        both(formats, COMMON_FORMATS, backend.formats() & ~SampleFormat.IMA_ADPCM.mask());
    long bothRates = both(rates, COMMON_RATES, backend.rates());
    int min = Math.max(minChannels, backend.minChannels());
    boolean allChannels = maxChannels == COMMON_CHANNELS && min > COMMON_CHANNELS;
    int max = allChannels ? backend.maxChannels() : Math.min(maxChannels, backend.maxChannels());
    if (bothFormats == 0 || bothRates == 0 || min < 1 || min > max) {
      throw new AudioException(
          "the audio backend can do none of the formats, rates or channels of an "
              + (direction == Direction.OUTPUT ? "output" : "input")
              + " stream; allow more of them");
    }
    return new StreamCapabilities(bothFormats, bothRates, min, max);
  }

  private static long both(long wanted, long common, long possible) {
    return wanted == common && (common & possible) == 0 ? possible : wanted & possible;
  }
}
