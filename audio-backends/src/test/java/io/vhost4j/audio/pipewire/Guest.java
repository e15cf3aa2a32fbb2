package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.OldDriver;
import io.vhost4j.audio.PcmParameters;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Does to a stream what a sound device with a Linux guest behind it does. */
final class Guest implements AutoCloseable {
  final PcmParameters parameters;
  final AudioStream stream;
  private final Semaphore wakes = new Semaphore(0);

  Guest(AudioBackend backend, Direction direction, PcmParameters parameters) throws AudioException {
    this(backend, 0, direction, parameters);
  }

  Guest(AudioBackend backend, int streamId, Direction direction, PcmParameters parameters)
      throws AudioException {
    this.parameters = parameters;
    stream = backend.open(streamId, direction, parameters, wakes::release);
  }

  /**
   * Begins at once, on a thread of its own. The common pool has one thread on two processors, and
   * from Java 25 on what is given to it waits for that one.
   */
  static <T> CompletableFuture<T> inBackground(Callable<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    new Thread(
            () -> {
              try {
                result.complete(task.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            })
        .start();
    return result;
  }

  static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ByteBuffer direct(byte[] pcm) {
    return ByteBuffer.allocateDirect(pcm.length).put(pcm).flip();
  }

  /** Plays all: starts with a full buffer, and ends when all has been consumed. */
  void play(byte[] pcm) throws AudioException {
    ByteBuffer source = direct(pcm);
    feed(source);
    stream.start();
    playUntil(source, pcm.length);
    finish();
  }

  /** Waits until all has been consumed. */
  void finish() {
    while (stream.pendingBytes() > 0) {
      await(0);
    }
  }

  /** Plays what is before a position; the last of it may still be at the host. */
  void playUntil(ByteBuffer source, int position) throws AudioException {
    int end = source.limit();
    source.limit(position / parameters.frameBytes() * parameters.frameBytes());
    while (source.hasRemaining()) {
      feed(source);
      await(source.remaining());
    }
    source.limit(end);
  }

  /** Plays all, from memory that the program fills after its driver has queued it. */
  void playByAnOldDriver(byte[] pcm) throws AudioException {
    OldDriver driver = new OldDriver(stream, parameters, pcm);
    stream.start();
    while (driver.look()) {
      sleep(stream.nanosToWait(driver.next()));
    }
    stream.stop();
  }

  /** Gives whole periods, and never has more at the host than the guest's buffer. */
  private void feed(ByteBuffer source) throws AudioException {
    int room = parameters.bufferBytes() - stream.pendingBytes();
    int periods = room / parameters.periodBytes() * parameters.periodBytes();
    int end = source.limit();
    source.limit(Math.min(end, source.position() + periods));
    stream.write(source);
    source.limit(end);
  }

  /** Records so many bytes. */
  byte[] record(int bytes) throws AudioException {
    ByteBuffer target = ByteBuffer.allocateDirect(bytes);
    stream.start();
    while (target.hasRemaining()) {
      stream.read(target);
      await(target.remaining());
    }
    byte[] pcm = new byte[bytes];
    target.flip().get(pcm);
    return pcm;
  }

  /** Waits as the executor of a device does. */
  private void await(int remaining) {
    int bytes = Math.min(remaining, parameters.periodBytes());
    if (parameters.bufferBytes() - stream.pendingBytes() < parameters.periodBytes()) {
      bytes = 0; // a guest that plays has nothing to give until a buffer comes back
    }
    sleep(stream.nanosToWait(bytes));
  }

  private void sleep(long nanos) {
    if (nanos <= 0) {
      return;
    }
    try {
      if (wakes.tryAcquire(Math.min(nanos, TimeUnit.SECONDS.toNanos(10)), TimeUnit.NANOSECONDS)) {
        wakes.drainPermits();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    stream.close();
  }
}
