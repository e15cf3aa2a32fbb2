package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.StreamClock;
import java.nio.ByteBuffer;

/**
 * Plays into a file, which it opens when it is first started: programs prepare much and play
 * little.
 */
final class PlaybackStream implements AudioStream {
  private final PlaybackFile file;
  private final WavFormat format;
  private final StreamClock clock;
  private boolean open;

  PlaybackStream(PlaybackFile file, WavFormat format, StreamClock clock) {
    this.file = file;
    this.format = format;
    this.clock = clock;
  }

  @Override
  public void start() throws AudioException {
    if (!open) {
      file.open(format);
      open = true;
    }
    clock.start();
  }

  @Override
  public void stop() {
    clock.stop();
  }

  @Override
  public void write(ByteBuffer frames) throws AudioException {
    // Time goes on with a full disk, too: the guest learns of it at the pace of its periods.
    if (clock.take(frames.remaining())) {
      file.write(frames);
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
  public void close() {
    if (open) {
      open = false;
      file.close();
    }
  }
}
