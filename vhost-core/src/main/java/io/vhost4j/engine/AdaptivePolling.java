package io.vhost4j.engine;

/**
 * Whether to look at a ring that has run empty for a while before waiting for a kick. It pays while
 * buffers follow each other within the limit: after one that came later, or did not come, the next
 * is waited for asleep. So a ring without traffic costs nothing, and a pause in the traffic costs
 * the limit once. Event loop only.
 */
final class AdaptivePolling {
  private final long limitNanos;
  private long emptySince;
  private boolean pays;

  /**
   * @param limitNanos longest time to look at an empty ring, in nanoseconds; 0 for never
   */
  AdaptivePolling(long limitNanos) {
    this.limitNanos = limitNanos;
    this.emptySince = now() - limitNanos - 1; // long ago
  }

  /** The time in nanoseconds, which is not asked for if there is no polling. */
  long now() {
    return limitNanos == 0 ? 0 : System.nanoTime();
  }

  /** Buffers were found at a time from {@link #now()}. */
  void came(long time) {
    pays = limitNanos > 0 && time - emptySince <= limitNanos;
  }

  /** All of them have been taken now. */
  void ranEmpty() {
    emptySince = now();
  }

  /** Whether to look at the empty ring, rather than to have the driver kick. */
  boolean pays() {
    return pays;
  }

  /** Whether to look once more, after it was in vain so far. */
  boolean goesOn() {
    pays = pays && System.nanoTime() - emptySince < limitNanos;
    return pays;
  }
}
