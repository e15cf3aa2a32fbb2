package io.vhost4j.device.rng;

import java.time.Duration;
import java.util.function.LongSupplier;

/** How many bytes may be given in each period. One thread at a time. */
final class Quota {
  private final long maxBytes;
  private final long periodNanos;
  private final LongSupplier nanoTime;

  private long left;
  private long end;

  Quota(long maxBytes, Duration period, LongSupplier nanoTime) {
    if (maxBytes <= 0 || period.isZero() || period.isNegative()) {
      throw new IllegalArgumentException(
          "%d bytes in each period of %s: both must be above 0".formatted(maxBytes, period));
    }
    this.maxBytes = maxBytes;
    this.periodNanos = period.toNanos();
    this.nanoTime = nanoTime;
    this.end = nanoTime.getAsLong();
  }

  /** Bytes that may be given now. */
  long left() {
    long now = nanoTime.getAsLong();
    if (now - end >= 0) {
      left = maxBytes;
      end = now + periodNanos;
    }
    return left;
  }

  /** When the present period ends, in ns from now. */
  long nanosToNext() {
    return end - nanoTime.getAsLong();
  }

  void take(int bytes) {
    left -= bytes;
  }
}
