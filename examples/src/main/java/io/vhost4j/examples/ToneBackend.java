package io.vhost4j.examples;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.StreamClock;
import io.vhost4j.audio.none.NullStream;
import java.nio.ByteBuffer;

/** Capture streams hear a tone, playback streams are not heard. */
final class ToneBackend implements AudioBackend {
  private static final StreamCapabilities CAPABILITIES =
      new StreamCapabilities(
          SampleFormat.S16.mask(), SampleRate.HZ_44100.mask() | SampleRate.HZ_48000.mask(), 1, 2);

  private final int hertz;

  ToneBackend(int hertz) {
    this.hertz = hertz;
  }

  @Override
  public StreamCapabilities capabilities(Direction direction) {
    return CAPABILITIES;
  }

  /** Nothing here waits for the host, so streams need no thread. */
  @Override
  public boolean isImmediate() {
    return true;
  }

  @Override
  public AudioStream open(
      int streamId, Direction direction, PcmParameters parameters, Runnable wake) {
    StreamClock clock = new StreamClock(direction, parameters, Pacing.REALTIME, System::nanoTime);
    return direction == Direction.OUTPUT
        ? new NullStream(parameters.format(), clock)
        : new ToneStream(parameters, hertz, clock);
  }

  @Override
  public void close() {}

  /** A sine at a quarter of full scale. */
  private static final class ToneStream implements AudioStream {
    private static final double LOUDNESS = 0.25 * Short.MAX_VALUE;

    private final int channels;
    private final double step;
    private final StreamClock clock;
    private double phase;

    ToneStream(PcmParameters parameters, int hertz, StreamClock clock) {
      channels = parameters.channels();
      step = 2 * Math.PI * hertz / parameters.rate().hertz();
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

    /** Byte by byte, as the buffer may have either byte order. */
    @Override
    public void read(ByteBuffer frames) {
      if (!clock.take(frames.remaining())) {
        return;
      }
      while (frames.hasRemaining()) {
        int sample = (int) Math.round(LOUDNESS * Math.sin(phase));
        for (int channel = 0; channel < channels; channel++) {
          frames.put((byte) sample).put((byte) (sample >> 8));
        }
        phase = (phase + step) % (2 * Math.PI);
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
}
