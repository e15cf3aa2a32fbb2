package io.vhost4j.engine;

import io.vhost4j.event.WakeUps;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long an event loop looks at a ring that has run empty, in place of sleeping until the driver
 * kicks. It does so only while buffers of that ring follow each other that closely; without traffic
 * it sleeps. It takes processor time, gives way to other threads meanwhile, and saves the driver
 * its kicks.
 *
 * @param longest the longest time, up to {@link #LONGEST}; null for twice the time that it takes on
 *     this machine to wake a driver and be woken by it, which is measured
 */
public record Polling(@Nullable Duration longest) {
  /** The most that can be asked for; whoever wants more wants a loop that never sleeps. */
  public static final Duration LONGEST = Duration.ofMillis(10);

  private static final Polling NEVER = new Polling(Duration.ZERO);
  private static final Polling WHILE_IT_PAYS = new Polling(null);

  /**
   * How often the time of two wake-ups: a driver that sleeps has to be woken and to do its own work
   * before it wakes us.
   */
  private static final int ROUND_TRIPS = 2;

  /**
   * The most, whatever was measured: on a machine that was busy then, a stream with a period of a
   * few milliseconds would be waited for awake.
   */
  static final long MOST_MEASURED_NANOS = 200_000;

  /**
   * @throws IllegalArgumentException if {@code longest} is out of range
   */
  public Polling {
    if (longest != null && (longest.isNegative() || longest.compareTo(LONGEST) > 0)) {
      throw new IllegalArgumentException(
          "polling for " + longest + ": possible is " + Duration.ZERO + " to " + LONGEST);
    }
  }

  /** Sleeps as soon as a ring is empty. */
  public static Polling never() {
    return NEVER;
  }

  /**
   * Looks for as long as sleeping and being woken would delay a driver and its device, so that no
   * more time is spent awake than is gained. A driver whose buffers follow each other closer than
   * that for ever has a processor for itself.
   */
  public static Polling whileItPays() {
    return WHILE_IT_PAYS;
  }

  /**
   * Looks for up to {@code longest}; a few times what the driver takes from one buffer to the next.
   *
   * @throws IllegalArgumentException if that is out of range
   */
  public static Polling upTo(Duration longest) {
    return new Polling(longest);
  }

  /** Makes sure that {@link #limitNanos()} is known soon. */
  void prepare() {
    if (longest == null) {
      WakeUps.measure();
    }
  }

  /** The longest time in nanoseconds; 0 for never, and while it is not known yet. */
  long limitNanos() {
    return longest == null
        ? Math.min(ROUND_TRIPS * WakeUps.roundTripNanos(), MOST_MEASURED_NANOS)
        : longest.toNanos();
  }
}
