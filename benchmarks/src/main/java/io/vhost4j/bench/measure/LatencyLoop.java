package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.util.concurrent.locks.LockSupport;

/**
 * How round trips follow each other.
 *
 * @param rate round trips to begin in a second, at fixed times; 0 for each to begin when the one
 *     before has ended (a closed loop)
 */
public record LatencyLoop(double rate) {
  /** The end of a wait is spun for: a sleeping thread wakes tens of microseconds late. */
  private static final long SPIN_NANOS = 100_000;

  /** Each round trip begins when the one before has ended. */
  public static final LatencyLoop CLOSED = new LatencyLoop(0);

  /** Its name in tables. */
  public String label() {
    return rate == 0 ? "closed" : "%.0f/s".formatted(rate);
  }

  /** Runs for so long, or until there is no more room for samples. */
  void run(RoundTrip subject, long nanos, Samples samples) throws BenchException {
    samples.clear();
    if (rate == 0) {
      closed(subject, nanos, samples);
    } else {
      open(subject, nanos, samples);
    }
  }

  private static void closed(RoundTrip subject, long nanos, Samples samples) throws BenchException {
    long begin = System.nanoTime();
    long last = begin;
    while (last - begin < nanos && !samples.isFull()) {
      subject.run();
      long now = System.nanoTime();
      samples.add(now, now - last);
      last = System.nanoTime();
    }
  }

  /**
   * A duration counts from the time a round trip was to begin: if an answer is late, those that
   * should have begun meanwhile are late too (no coordinated omission).
   */
  private void open(RoundTrip subject, long nanos, Samples samples) throws BenchException {
    double interval = 1e9 / rate;
    long begin = System.nanoTime();
    for (long i = 0; i * interval < nanos && !samples.isFull(); i++) {
      long due = begin + (long) (i * interval);
      waitUntil(due);
      subject.run();
      long now = System.nanoTime();
      samples.add(now, now - due);
    }
  }

  private static void waitUntil(long due) {
    long left = due - System.nanoTime();
    while (left > 0) {
      if (left > SPIN_NANOS) {
        LockSupport.parkNanos(left - SPIN_NANOS);
      } else {
        Thread.onSpinWait();
      }
      left = due - System.nanoTime();
    }
  }
}
