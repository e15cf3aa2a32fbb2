package io.vhost4j.device.rtc;

import io.vertx.core.Context;
import java.io.IOException;

/** A clock that a driver can read, and have an alarm of. Event loop only. */
public interface RtcClock {
  /** What it shows; the same at each call (T6). */
  ClockType type();

  /** Its time in nanoseconds since its epoch, 0 or above. Must not block. */
  long nanos();

  /**
   * A timer of this clock, which is not armed.
   *
   * @param context the context that {@code look} is called in; its event loop is the calling thread
   * @param look looks whether the clock has reached the time, and arms the timer again; may be
   *     called once too often
   * @throws IOException if the host has no timer to spare
   */
  Timer timer(Context context, Runnable look) throws IOException;

  /** Calls when the clock shows a time. */
  interface Timer extends AutoCloseable {
    /**
     * Calls as soon as the clock may show {@code nanos}, and when it is set.
     *
     * @return false if the clock was set meanwhile: the caller looks once more
     */
    boolean armAt(long nanos) throws IOException;

    /** Calls no more until it is armed again. */
    void disarm() throws IOException;

    /** Calls no more, and holds nothing. */
    @Override
    void close();
  }
}
