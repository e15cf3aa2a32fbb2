package io.vhost4j.bench.measure;

import org.HdrHistogram.Histogram;

/** The durations measured in one round, with the time of each. Adding allocates nothing. */
final class Samples {
  /** Durations of more than a minute count as one. */
  private static final long LONGEST_NANOS = 60_000_000_000L;

  private static final int DIGITS = 3;
  private static final int CAPACITY = 1 << 20;

  private final long[] ends = new long[CAPACITY];
  private final long[] nanos = new long[CAPACITY];
  private int count;

  static Histogram newHistogram() {
    return new Histogram(LONGEST_NANOS, DIGITS);
  }

  void clear() {
    count = 0;
  }

  boolean isFull() {
    return count == CAPACITY;
  }

  int count() {
    return count;
  }

  /**
   * Adds one.
   *
   * @param end when it ended, on the clock of {@link System#nanoTime()}
   * @param duration in ns
   */
  void add(long end, long duration) {
    ends[count] = end;
    nanos[count] = duration;
    count++;
  }

  /** When sample {@code index} ended. */
  long end(int index) {
    return ends[index];
  }

  /** Duration of sample {@code index} in ns. */
  long nanos(int index) {
    return nanos[index];
  }

  Histogram histogram() {
    Histogram histogram = newHistogram();
    for (int i = 0; i < count; i++) {
      histogram.recordValue(Math.min(nanos[i], LONGEST_NANOS));
    }
    return histogram;
  }
}
