package io.vhost4j.event;

import io.vertx.core.Context;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.SystemClock;
import io.vhost4j.nativeio.TimerFd;
import java.io.IOException;

/**
 * Wakes an event loop when a clock of the machine shows a time, however it came to show that: it
 * may be set, which {@link LoopTimer} does not know of. Event loop only.
 */
public final class ClockTimer implements AutoCloseable {
  private final TimerFd timer;
  private final FdRegistration registration;

  private ClockTimer(Context context, TimerFd timer, Runnable action) throws IOException {
    this.timer = timer;
    registration = FdRegistration.open(context, timer.fd(), Interest.READ_EDGE, action::run);
  }

  /**
   * A timer on the event loop of {@code context}, which is the calling thread. It is not armed.
   *
   * @param context the context that the action is called in
   * @param clock not TAI, of which the kernel has no timers
   * @param action called when the time is there, or the clock was set, or neither: it looks at the
   *     clock, and arms the timer anew
   */
  public static ClockTimer create(Context context, SystemClock clock, Runnable action)
      throws IOException {
    return new ClockTimer(context, TimerFd.create(clock), action);
  }

  /**
   * Calls the action as soon as the clock shows {@code nanos}, which may be at once, and when
   * somebody sets the clock.
   *
   * @param nanos by {@link SystemClock#nanos()}
   * @return false if the clock was set since the timer was armed last: then look at it once more
   */
  public boolean armAt(long nanos) throws IOException {
    return timer.armAt(nanos);
  }

  /** Calls the action no more until the timer is armed again. */
  public void disarm() throws IOException {
    timer.disarm();
  }

  /** Frees the descriptor. The action is called no more. */
  @Override
  public void close() {
    registration.close();
  }
}
