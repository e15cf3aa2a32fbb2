package io.vhost4j.nativeio;

import java.nio.ByteBuffer;

/**
 * The clocks of this machine's kernel, to the nanosecond. Any thread; to read one allocates
 * nothing.
 */
public enum SystemClock {
  /** UTC since 1970, as the machine was told: it can be set, and may step at a leap second. */
  REALTIME(0),
  /** Since some moment before this process, without steps. */
  MONOTONIC(1),
  /**
   * TAI since 1970, or the same as {@link #REALTIME} while nobody has told the kernel its offset.
   */
  TAI(11);

  /** What the kernel is about to do to {@link #REALTIME}, and what it has done (adjtimex). */
  public enum LeapSecond {
    /** Nothing that the kernel knows of. */
    NONE,
    /** There will be one more second at the end of this day. */
    TO_BE_INSERTED,
    /** There will be one second less at the end of this day. */
    TO_BE_DELETED,
    /** The one more second is now: the last one of the day is shown for the second time. */
    IN_PROGRESS
  }

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final LeapSecond[] LEAPS = LeapSecond.values();

  // struct timex has 208 bytes where long has 64 bits; its first one says what to change: nothing
  private static final int TIMEX_SIZE = 208;

  private final int id;

  SystemClock(int id) {
    this.id = id;
  }

  int id() {
    return id;
  }

  /** The time in nanoseconds since the clock's epoch. */
  public long nanos() {
    return read(id);
  }

  private static long read(int clock) {
    // struct timespec has two 64-bit numbers
    NativeScratch scratch = NativeScratch.get();
    if (LibC.clock_gettime(clock, scratch.address) != 0) {
      throw new IllegalStateException("the kernel has no clock " + clock);
    }
    return scratch.buffer.getLong(0) * NANOS_PER_SECOND + scratch.buffer.getLong(Long.BYTES);
  }

  /**
   * What the kernel was told of a leap second at the end of the day; none if it does not know the
   * time for sure, or does not say. A system call.
   */
  public static LeapSecond leapSecond() {
    NativeScratch scratch = NativeScratch.get();
    ByteBuffer timex = scratch.buffer;
    for (int i = 0; i < TIMEX_SIZE; i += Long.BYTES) {
      timex.putLong(i, 0);
    }
    int state = LibC.adjtimex(scratch.address);
    return state > 0 && state < LEAPS.length ? LEAPS[state] : LeapSecond.NONE;
  }
}
