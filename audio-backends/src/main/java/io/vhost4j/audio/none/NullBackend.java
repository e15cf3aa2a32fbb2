package io.vhost4j.audio.none;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.StreamClock;

/** Streams that can be anything whose samples are whole bytes. */
public final class NullBackend implements AudioBackend {
  /** All that {@link NullStream} can do. */
  public static final StreamCapabilities CAPABILITIES =
      new StreamCapabilities(wholeByteFormats(), (1L << SampleRate.values().length) - 1, 1, 18);

  private final Pacing pacing;

  public NullBackend(Pacing pacing) {
    this.pacing = pacing;
  }

  @Override
  public StreamCapabilities capabilities(Direction direction) {
    return CAPABILITIES;
  }

  @Override
  public String target(Direction direction) {
    return direction == Direction.OUTPUT ? "nowhere" : "silence";
  }

  @Override
  public boolean isImmediate() {
    return true;
  }

  @Override
  public AudioStream open(
      int streamId, Direction direction, PcmParameters parameters, Runnable wake) {
    return new NullStream(
        parameters.format(), new StreamClock(direction, parameters, pacing, System::nanoTime));
  }

  @Override
  public void close() {}

  private static long wholeByteFormats() {
    long formats = 0;
    for (SampleFormat format : SampleFormat.values()) {
      if (format.bytes() > 0) {
        formats |= format.mask();
      }
    }
    return formats;
  }
}
