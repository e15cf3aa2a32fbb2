package io.vhost4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("jdk")
class SystemClockTest {
  private static final long SECOND = 1_000_000_000;

  @ParameterizedTest
  @EnumSource
  void eachClockGoesOn(SystemClock clock) {
    long first = clock.nanos();
    assertThat(clock.nanos()).isBetween(first, first + 20 * SECOND);
  }

  @Test
  void theTimesAreThoseOfTheMachine() {
    long before = Instant.now().getEpochSecond();
    assertThat(SystemClock.REALTIME.nanos() / SECOND).isBetween(before, before + 20);
    assertThat(Math.abs(SystemClock.MONOTONIC.nanos() - System.nanoTime())).isLessThan(SECOND);
    // 0 where nobody has told the kernel
    assertThat((SystemClock.TAI.nanos() - SystemClock.REALTIME.nanos() + SECOND / 2) / SECOND)
        .isBetween(0L, 100L);
  }

  /** There has been none since 2016; this is about the call. */
  @Test
  void theKernelTellsWhetherThereIsALeapSecond() {
    assertThat(SystemClock.leapSecond()).isEqualTo(SystemClock.LeapSecond.NONE);
  }
}
