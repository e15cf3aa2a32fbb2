package io.vhost4j.audio.none;

import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.Silence;
import io.vhost4j.audio.StreamClock;
import java.nio.ByteBuffer;

/** Plays into nothing, records silence. */
public final class NullStream implements AudioStream {
  private final StreamClock clock;
  private final Silence silence;

  /**
   * A stream that is not started.
   *
   * @param format of its samples
   * @param clock says how fast
   */
  public NullStream(SampleFormat format, StreamClock clock) {
    this.silence = new Silence(format);
    this.clock = clock;
  }

  @Override
  public void start() {
    clock.start();
  }

  @Override
  public void stop() {
    clock.stop();
  }

  @Override
  public void write(ByteBuffer frames) {
    if (clock.take(frames.remaining())) {
      frames.position(frames.limit());
    }
  }

  @Override
  public void read(ByteBuffer frames) {
    if (clock.take(frames.remaining())) {
      silence.fill(frames);
    }
  }

  @Override
  public int latencyBytes() {
    return clock.latencyBytes();
  }

  @Override
  public long xruns() {
    return clock.xruns();
  }

  @Override
  public long nanosToWait(int bytes) {
    return clock.nanosToWait(bytes);
  }

  @Override
  public void close() {}
}
