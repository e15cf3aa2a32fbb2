package io.vhost4j.device.rtc;

import io.vertx.core.Context;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The alarm of one clock (T7). It expires when the clock comes to its time, steps included, and
 * each time that it does: also when a clock that was set back comes there again. Event loop only.
 */
final class Alarm {
  /** Later than any time, so that the timer only tells when the clock is set. */
  private static final long NEVER = Long.MAX_VALUE;

  /** What an alarm has to say of itself. */
  interface Listener {
    /** There is a note to be taken, see {@link Alarm#takeNote()}. */
    void expired();

    /** It could not look at its clock, and will not expire. */
    void failed(IOException reason);
  }

  private final RtcClock clock;
  private final Listener listener;
  private @Nullable Context context;
  private RtcClock.@Nullable Timer timer;

  private long time;
  private boolean enabled;

  /** Whether the clock had reached the time when it was last looked at. */
  private boolean reached;

  private boolean hasNote;

  Alarm(RtcClock clock, Listener listener) {
    this.clock = clock;
    this.listener = listener;
  }

  /** The context in which timers call from now on. */
  void connected(Context loop) {
    context = loop;
  }

  /** When it expires, in ns of its clock, unsigned (T8). */
  long time() {
    return time;
  }

  boolean isEnabled() {
    return enabled;
  }

  /**
   * Sets the alarm. It expires now if its time is not in the future.
   *
   * @throws IOException if the host has no timer for it; it is disabled then
   */
  void set(long nanos, boolean enable) throws IOException {
    disable();
    time = nanos;
    if (enable) {
      enabled = true;
      try {
        look();
      } catch (IOException e) {
        disable();
        throw e;
      }
    }
  }

  /**
   * The device was reset: the alarm is kept, and expires anew if its time is not in the future
   * (T9).
   */
  void reset() {
    reached = false;
    hasNote = false;
    called();
  }

  /** Nobody is left to hear of it: back to the initial state, off, and its time is 0. */
  void clear() {
    disable();
    time = 0;
    RtcClock.Timer armed = timer;
    timer = null;
    if (armed != null) {
      armed.close();
    }
  }

  /** Whether it has expired since it was last asked. */
  boolean takeNote() {
    boolean had = hasNote;
    hasNote = false;
    return had;
  }

  private void disable() {
    enabled = false;
    reached = false;
    hasNote = false;
    RtcClock.Timer armed = timer;
    if (armed != null) {
      try {
        armed.disarm();
      } catch (IOException e) {
        listener.failed(e);
      }
    }
  }

  private void called() {
    try {
      look();
    } catch (IOException e) {
      listener.failed(e);
    }
  }

  /** Expires only when the clock itself says so, whoever called (T10). */
  private void look() throws IOException {
    if (!enabled) {
      return;
    }
    RtcClock.Timer armed = timer;
    if (armed == null) {
      armed = clock.timer(Objects.requireNonNull(context), this::called);
      timer = armed;
    }
    do {
      boolean before = reached;
      reached = Long.compareUnsigned(clock.nanos(), time) >= 0;
      if (!reached) {
        hasNote = false; // of a time that is to come again
      } else if (!before) {
        hasNote = true;
        listener.expired();
      }
    } while (!armed.armAt(reached || time < 0 ? NEVER : time));
  }
}
