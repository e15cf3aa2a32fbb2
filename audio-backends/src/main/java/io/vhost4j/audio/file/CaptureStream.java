package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Silence;
import io.vhost4j.audio.StreamClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Records a file from its start, and what follows its end. */
final class CaptureStream implements AudioStream {
  private final String name;
  private final FileChannel file;
  private final long start;
  private final long end;
  private final boolean loop;
  private final StreamClock clock;
  private final Silence silence;
  private long position;

  /**
   * A stream that is not started.
   *
   * @param name the file's, for messages
   * @param file closed with the stream
   * @param loop whether the file starts over after its end
   */
  CaptureStream(
      String name, FileChannel file, WavReader.Audio audio, boolean loop, StreamClock clock) {
    this.name = name;
    this.file = file;
    this.start = audio.start();
    this.end = audio.start() + audio.bytes();
    this.loop = loop;
    this.clock = clock;
    this.silence = new Silence(audio.format().format());
    this.position = start;
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
  public void read(ByteBuffer frames) throws AudioException {
    if (!clock.take(frames.remaining())) {
      return;
    }
    while (frames.hasRemaining()) {
      if (position == end && loop) {
        position = start;
      }
      if (position == end) {
        silence.fill(frames);
      } else {
        readFile(frames);
      }
    }
  }

  private void readFile(ByteBuffer frames) throws AudioException {
    int limit = frames.limit();
    frames.limit(frames.position() + (int) Math.min(frames.remaining(), end - position));
    try {
      int count = file.read(frames, position);
      if (count < 0) {
        throw new AudioException("cannot record from " + name + ": it has become shorter");
      }
      position += count;
    } catch (IOException e) {
      throw new AudioException("cannot record from " + name + ": " + FileNames.reason(e), e);
    } finally {
      frames.limit(limit);
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
    try {
      file.close();
    } catch (IOException e) {
      // It was only read: nothing is lost.
    }
  }
}
