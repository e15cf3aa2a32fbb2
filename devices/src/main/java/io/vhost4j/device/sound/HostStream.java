package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's end of a stream, which may be lost and opened again. Used by the executor alone, but
 * for {@link #xruns()}.
 */
final class HostStream {
  private static final Logger LOG = LoggerFactory.getLogger(HostStream.class);
  private static final long LOG_PAUSE_NANOS = 10_000_000_000L;

  private final String label;
  private final AudioBackend backend;
  private final int streamId;
  private final Direction direction;
  private final LongSupplier nanoTime;

  /** Given to the backend, see {@link AudioBackend#open}. */
  private Runnable wake = () -> {};

  private @Nullable PcmParameters parameters;
  private @Nullable AudioStream stream;
  private boolean running;

  /** The loss of the stream was logged, so its return will be. */
  private boolean lossLogged;

  /** Xruns of the present stream that are in {@link #total} already. */
  private long counted;

  private long total;
  private volatile long xruns;
  private long openedAt;
  private long quietUntil;
  private boolean loggedOnce;

  /**
   * A stream that is not open.
   *
   * @param label names the stream in log lines
   */
  HostStream(
      String label,
      AudioBackend backend,
      int streamId,
      Direction direction,
      LongSupplier nanoTime) {
    this.label = label;
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
    if (run && lossLogged) {
      lossLogged = false;
      LOG.info("{}: the host's audio is back", label);
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
    lossLogged |= warn("the host's audio is lost, buffers fail until it is back", reason);
  }

  /** The backend has failed at a command of the guest. */
  void refused(StreamCommand.Kind kind, Throwable reason) {
    warn(kind + " failed", reason);
  }

  void close() {
    AudioStream current = stream;
    stream = null;
    running = false;
    if (current != null) {
      try {
        current.close();
      } catch (RuntimeException e) {
        warn("closing the host's stream failed", e);
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

  /** Logs now and then only; whether it did. */
  private boolean warn(String what, Throwable reason) {
    long now = nanoTime.getAsLong();
    if (loggedOnce && now - quietUntil < 0) {
      return false;
    }
    loggedOnce = true;
    quietUntil = now + LOG_PAUSE_NANOS;
    if (reason instanceof AudioException) {
      LOG.warn("{}: {}: {}", label, what, reason.getMessage());
    } else { // a bug, of the backend most likely
      LOG.warn("{}: {}", label, what, reason);
    }
    return true;
  }
}
