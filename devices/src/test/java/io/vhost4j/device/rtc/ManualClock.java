package io.vhost4j.device.rtc;

import io.vertx.core.Context;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A clock that shows what a test wants. Event loop only. */
final class ManualClock implements RtcClock {
  private final ClockType type;
  final List<ManualTimer> timers = new ArrayList<>();
  private long now;

  /** What time goes on by at each reading. */
  long perReading;

  boolean hasNoTimers;

  /** How often a timer was set to a time that has passed: it would call again and again. */
  int vain;

  ManualClock(ClockType type, long now) {
    this.type = type;
    this.now = now;
  }

  @Override
  public ClockType type() {
    return type;
  }

  @Override
  public long nanos() {
    now += perReading;
    return now;
  }

  @Override
  public Timer timer(Context context, Runnable look) throws IOException {
    if (hasNoTimers) {
      throw new IOException("timerfd_create: Too many open files");
    }
    ManualTimer timer = new ManualTimer(look);
    timers.add(timer);
    return timer;
  }

  /** Time passes. */
  void pass(long nanos) {
    now += nanos;
    for (ManualTimer timer : List.copyOf(timers)) {
      if (timer.isArmed && now >= timer.at) {
        timer.isArmed = false;
        timer.look.run();
      }
    }
  }

  /** Somebody sets the clock. */
  void set(long nanos) {
    now = nanos;
    for (ManualTimer timer : List.copyOf(timers)) {
      if (timer.isArmed) {
        timer.wasSet = true;
        timer.look.run();
      }
    }
  }

  /** Calls before anything has happened, as a timer may. */
  void callEarly() {
    timers.forEach(timer -> timer.look.run());
  }

  final class ManualTimer implements Timer {
    private final Runnable look;
    private boolean isArmed;
    private boolean wasSet;
    private long at;

    ManualTimer(Runnable look) {
      this.look = look;
    }

    boolean isArmed() {
      return isArmed;
    }

    @Override
    public boolean armAt(long nanos) {
      if (nanos <= now) {
        vain++;
      }
      at = nanos;
      isArmed = true;
      boolean held = !wasSet;
      wasSet = false;
      return held;
    }

    @Override
    public void disarm() {
      isArmed = false;
    }

    @Override
    public void close() {
      isArmed = false;
      timers.remove(this);
    }
  }
}
