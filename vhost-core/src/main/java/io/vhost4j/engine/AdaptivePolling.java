package io.vhost4j.engine;

import java.util.function.LongSupplier;

/**
 * Whether to look at a ring that has run empty for a while before waiting for a kick. It pays while
 * buffers follow each other within the limit: after one that came later, or did not come, the next
 * ones are waited for asleep. So a ring without traffic costs nothing, and a pause in the traffic
 * costs the limit once. Event loop only.
 */
final class AdaptivePolling {
  /**
   * So many turns in a row must have come soon. A few do also where all streams of a paced device
   * send a buffer at the same moment, and then nothing for milliseconds.
   */
  static final int SOON_IN_A_ROW = 16;

  private final Polling polling;
  private final LongSupplier nanoTime;
  private long emptySince;
  private int soon;

  AdaptivePolling(Polling polling, LongSupplier nanoTime) {
    this.polling = polling;
    this.nanoTime = nanoTime;
    this.emptySince = now() - Polling.LONGEST.toNanos() - 1; // long ago
  }

  /** The time in nanoseconds. */
  long now() {
    return nanoTime.getAsLong();
  }

  /** Buffers were found at a time from {@link #now()}, for the first time in this turn. */
  void came(long time) {
    long limit = polling.limitNanos();
    if (limit == 0 || time - emptySince > limit) {
      soon = 0;
    } else if (soon < SOON_IN_A_ROW) {
      soon++;
    }
  }

  /** What the device wanted of them has been taken now. */
  void ranEmpty() {
    emptySince = now();
  }

  /** Whether to look at the empty ring, rather than to have the driver kick. */
  boolean pays() {
    return soon == SOON_IN_A_ROW;
  }

  /** Whether to look once more, after it was in vain so far. */
  boolean goesOn() {
    if (now() - emptySince >= polling.limitNanos()) {
      soon = 0;
    }
    return pays();
  }
}
