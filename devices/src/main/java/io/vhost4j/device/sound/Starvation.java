package io.vhost4j.device.sound;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;

/**
 * Whether a running stream is in an xrun that its driver is to be told of (A56): the guest has
 * given no buffers for a while, or the host's audio is lost.
 *
 * <p>Linux up to 6.6 stops a stream at the event, so that it must not come when the sound goes on
 * already. What the backend counts is mostly over when it is noticed: silence in the middle of the
 * sound shows when the sound comes back, and a device that ran dry because we were late is started
 * again at once. Nor is the end of a sound an xrun, although the guest has given no buffer since: a
 * guest that has played all it had stops the stream at once.
 *
 * <p>Used by the executor alone, but for {@link #count} and {@link #lasts}.
 */
final class Starvation {
  /** A guest that has come to the end of its recording has stopped by then. */
  private static final long SHORTEST_INPUT_PATIENCE_NANOS = 10_000_000;

  /**
   * A guest that has come to the end of its sound has stopped by then. Long, as a timer watches
   * over it, which a guest that sends a period at a time has set for each.
   */
  private static final long OUTPUT_PATIENCE_NANOS = 100_000_000;

  private final Transfer transfer;
  private final Direction direction;

  /** The guest has given buffers since the stream began to run. */
  private boolean fed;

  /** It has no more, and when that is an xrun. */
  private boolean dry;

  private long xrunAt;

  private volatile boolean lasts;
  private volatile int count;

  Starvation(Transfer transfer, Direction direction) {
    this.transfer = transfer;
    this.direction = direction;
  }

  /** How often it has begun; goes round. Any thread. */
  int count() {
    return count;
  }

  /** Whether it goes on. Any thread. */
  boolean lasts() {
    return lasts;
  }

  /** The stream does not run any more. */
  void reset() {
    end();
    fed = false;
  }

  /** The guest has given a buffer. */
  void end() {
    fed = true;
    dry = false;
    if (lasts) {
      lasts = false;
    }
  }

  /** The stream is in an xrun. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time
  void begin() {
    if (!lasts) {
      lasts = true;
      count++;
    }
  }

  /**
   * Looks whether the guest keeps up.
   *
   * @param counted whether the backend has just counted an xrun
   * @param now on the engine's clock
   * @return when to look again at the latest, in ns
   */
  long look(PcmParameters parameters, boolean counted, long now) {
    if (!transfer.isStarved()) {
      end();
    } else if (counted) {
      begin();
    } else if (fed && !dry) {
      dry = true;
      xrunAt = now + patience(parameters);
    }
    if (!dry || lasts) {
      return StreamEngine.FOREVER;
    }
    if (now - xrunAt >= 0) {
      begin();
      return StreamEngine.FOREVER;
    }
    return xrunAt - now;
  }

  /** The host goes on recording into a ring of the guest's size. */
  private long patience(PcmParameters parameters) {
    return direction == Direction.OUTPUT
        ? OUTPUT_PATIENCE_NANOS
        : Math.max(SHORTEST_INPUT_PATIENCE_NANOS, parameters.nanosOf(parameters.bufferBytes()));
  }
}
