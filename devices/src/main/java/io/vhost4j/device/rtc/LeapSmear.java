package io.vhost4j.device.rtc;

import io.vhost4j.nativeio.SystemClock;
import io.vhost4j.nativeio.SystemClock.LeapSecond;
import java.util.concurrent.TimeUnit;

/**
 * The host's clock without the steps of leap seconds: where its kernel was told of one, the last
 * 1000 seconds of that day are longer or shorter, as UTC-SLS has it. Where the kernel was not told,
 * the clock makes no such step.
 */
final class LeapSmear {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long DAY = TimeUnit.DAYS.toNanos(1);

  /** How many seconds of the clock the smear takes. */
  private static final long SECONDS = 1000;

  private LeapSmear() {}

  /** The time now, in ns since 1970. */
  static long nanos() {
    long utc = SystemClock.REALTIME.nanos();
    if (sinceBegin(utc) < 0) {
      return utc; // which needs no system call
    }
    LeapSecond leap;
    do {
      leap = SystemClock.leapSecond();
      utc = SystemClock.REALTIME.nanos();
    } while (leap != SystemClock.leapSecond());
    return smeared(utc, leap);
  }

  /**
   * What the clock shows.
   *
   * @param utc what the host's clock shows
   */
  static long smeared(long utc, LeapSecond leap) {
    long passed = sinceBegin(utc);
    if (passed < 0) {
      return utc;
    }
    return switch (leap) {
      case NONE -> utc;
      case TO_BE_INSERTED -> utc - passed + stretched(passed, SECONDS + 1);
      case IN_PROGRESS -> utc - passed + stretched(passed + SECOND, SECONDS + 1);
      case TO_BE_DELETED -> utc - passed + stretched(passed, SECONDS - 1);
    };
  }

  /** What of the smear has passed, if there is one today; below 0 if it has not begun. */
  private static long sinceBegin(long utc) {
    return Math.floorMod(utc, DAY) - (DAY - SECONDS * SECOND);
  }

  /** What is seen of {@code passed} if {@link #SECONDS} seconds last {@code seconds}. */
  private static long stretched(long passed, long seconds) {
    return passed * SECONDS / seconds;
  }
}
