package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.DeviceLog;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The host's end of a stream, which may be lost and opened again. Used by the executor alone, but
 * for {@link #xruns()}.
 */
final class HostStream {
  private final DeviceLog log;
  private final AudioBackend backend;
  private final int streamId;
  private final Direction direction;
  private final LongSupplier nanoTime;

  /** Given to the backend, see {@link AudioBackend#open}. */
  private Runnable wake = () -> {};

  private @Nullable PcmParameters parameters;
  private @Nullable AudioStream stream;
  private boolean running;

  /** The stream was lost and has not been back since. */
  private boolean lost;

  /** Xruns of the present stream that are in {@link #total} already. */
  private long counted;

  private long total;
  private volatile long xruns;
  private long openedAt;

  /**
   * A stream that is not open.
   *
   * @param log bounded, as a guest can have the host fail as often as it likes
   */
  HostStream(
      DeviceLog log,
      AudioBackend backend,
      int streamId,
      Direction direction,
      LongSupplier nanoTime) {
    this.log = log;
    this.backend = backend;
    this.streamId = streamId;
    this.direction = direction;
    this.nanoTime = nanoTime;
  }

  /** Sets what the backend may call when it wants to be looked at; before the first open. */
  void wakeBy(Runnable task) {
    wake = task;
  }

  boolean isOpen() {
    return stream != null;
  }

  /** The backend's stream, or null if it is not open. */
  @Nullable AudioStream stream() {
    return stream;
  }

  /** The parameters of the latest {@link #open}. */
  PcmParameters parameters() {
    PcmParameters current = parameters;
    if (current == null) {
      throw new IllegalStateException("the stream was never opened");
    }
    return current;
  }

  int frameBytes() {
    return parameters().frameBytes();
  }

  /** Opens the stream unless it is open. */
  void open(PcmParameters wanted) throws AudioException {
    parameters = wanted;
    if (stream == null) {
      stream = backend.open(streamId, direction, wanted, wake);
      openedAt = nanoTime.getAsLong();
      counted = 0;
      running = false;
    }
  }

  /** When the stream was last opened, on the clock given. */
  long openedAt() {
    return openedAt;
  }

  /** Opens the stream as it was open before. */
  void reopen() throws AudioException {
    open(parameters());
  }

  /** Starts or stops the stream, if it is open and not so already. */
  void run(boolean run) throws AudioException {
    AudioStream current = stream;
    if (current == null || run == running) {
      return;
    }
    if (run) {
      current.start();
    } else {
      current.stop();
    }
    running = run;
    if (run && lost) {
      lost = false;
      log.info("stream {}: the host's audio is back", streamId);
    }
  }

  /** Opens and starts a stream that was lost; false if the host still refuses. */
  boolean resume() {
    try {
      reopen();
      run(true);
      return true;
    } catch (AudioException | RuntimeException e) {
      close();
      return false;
    }
  }

  /** The backend has failed: the stream is gone. The guest hears a gap, which is an xrun. */
  void lose(Exception reason) {
    close();
    xruns = ++total;
    lost = true;
    warn("stream {}: the host's audio is lost, buffers fail until it is back", reason);
  }

  /** The backend has failed at a command of the guest. */
  void refused(StreamCommand.Kind kind, Throwable reason) {
    warn("stream {}: " + kind + " failed", reason);
  }

  void close() {
    AudioStream current = stream;
    stream = null;
    running = false;
    if (current != null) {
      try {
        current.close();
      } catch (RuntimeException e) {
        warn("stream {}: closing the host's stream failed", e);
      }
    }
  }

  /** Takes over what the backend has counted. */
  void countXruns() {
    AudioStream current = stream;
    if (current != null) {
      long now = current.xruns();
      if (now != counted) {
        total += now - counted;
        counted = now;
        xruns = total;
      }
    }
  }

  /** Underruns and overruns of all streams that were open here. Any thread. */
  long xruns() {
    return xruns;
  }

  private void warn(String format, Throwable reason) {
    if (reason instanceof AudioException) {
      log.warn(format + ": {}", streamId, reason.getMessage());
    } else { // a bug, of the backend most likely
      log.warn(format, streamId, reason);
    }
  }
}
