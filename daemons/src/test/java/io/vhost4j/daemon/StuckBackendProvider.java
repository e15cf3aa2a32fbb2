package io.vhost4j.daemon;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A third party's backend on a host whose audio hangs: the first sound handed over never returns.
 */
public final class StuckBackendProvider implements AudioBackendProvider {
  private static final AudioOption MARK =
      new AudioOption("stuck-mark", "FILE", "made when the sound is stuck", "");

  /** A value of the option with which the backend breaks at once. */
  static final String BROKEN = "broken";

  @Override
  public String name() {
    return "stuck";
  }

  @Override
  public String description() {
    return "hangs";
  }

  @Override
  public List<AudioOption> options() {
    return List.of(MARK);
  }

  @Override
  public AudioBackend open(Map<String, String> options) throws AudioException {
    String mark = options.get(MARK.name());
    if (mark == null) {
      throw new AudioException("give --stuck-mark=FILE");
    }
    if (mark.equals(BROKEN)) {
      throw new IllegalStateException("out of order");
    }
    return new Backend(Path.of(mark));
  }

  private record Backend(Path mark) implements AudioBackend {
    @Override
    public StreamCapabilities capabilities(Direction direction) {
      return new StreamCapabilities(SampleFormat.S16.mask(), SampleRate.HZ_48000.mask(), 1, 2);
    }

    @Override
    public boolean isImmediate() {
      return false;
    }

    @Override
    public AudioStream open(
        int streamId, Direction direction, PcmParameters parameters, Runnable wake) {
      return new Stream(mark);
    }

    @Override
    public void close() {}
  }

  private record Stream(Path mark) implements AudioStream {
    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public void write(ByteBuffer frames) {
      try {
        Files.createFile(mark);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      while (true) {
        LockSupport.park();
      }
    }

    @Override
    public int latencyBytes() {
      return 0;
    }

    @Override
    public long xruns() {
      return 0;
    }

    @Override
    public long nanosToWait(int bytes) {
      return bytes == 0 ? Long.MAX_VALUE : 0;
    }

    @Override
    public void close() {}
  }
}
