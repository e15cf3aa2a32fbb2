package io.vhost4j.device.rtc;

import static io.vhost4j.nativeio.SystemClock.LeapSecond.IN_PROGRESS;
import static io.vhost4j.nativeio.SystemClock.LeapSecond.NONE;
import static io.vhost4j.nativeio.SystemClock.LeapSecond.TO_BE_DELETED;
import static io.vhost4j.nativeio.SystemClock.LeapSecond.TO_BE_INSERTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.SystemClock.LeapSecond;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A clock that is smeared where the host's makes a step. */
class LeapSmearTest {
  private static final long MILLI = 1_000_000;

  private static String smeared(String utc, LeapSecond leap) {
    long millis = Instant.parse("2016-12-31T" + utc + "Z").toEpochMilli();
    long smeared = LeapSmear.smeared(millis * MILLI, leap);
    return Instant.ofEpochMilli(Math.floorDiv(smeared + MILLI / 2, MILLI)).toString();
  }

  @ParameterizedTest
  @CsvSource({
    "TO_BE_INSERTED, 00:00:00, 2016-12-31T00:00:00Z",
    "TO_BE_INSERTED, 23:43:20, 2016-12-31T23:43:20Z",
    "TO_BE_INSERTED, 23:51:40.500, 2016-12-31T23:51:40Z",
    "TO_BE_INSERTED, 23:59:59.999, 2016-12-31T23:59:59Z",
    "IN_PROGRESS, 23:59:59, 2016-12-31T23:59:59.001Z",
    "IN_PROGRESS, 23:59:59.500, 2016-12-31T23:59:59.500Z",
    "IN_PROGRESS, 23:59:59.999, 2016-12-31T23:59:59.999Z",
    "TO_BE_DELETED, 23:43:20, 2016-12-31T23:43:20Z",
    "TO_BE_DELETED, 23:51:39.500, 2016-12-31T23:51:40Z",
    "TO_BE_DELETED, 23:59:58.999, 2016-12-31T23:59:59.999Z",
    "NONE, 23:59:59.999, 2016-12-31T23:59:59.999Z",
  })
  void theStepIsSpreadOverThe1000SecondsBefore(LeapSecond leap, String utc, String seen) {
    assertThat(smeared(utc, leap)).isEqualTo(seen);
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsSmearedBeforeTheLast1000SecondsOfTheDay(LeapSecond leap) {
    assertThat(smeared("12:00:00", leap)).isEqualTo("2016-12-31T12:00:00Z");
    assertThat(smeared("23:43:19.999", leap)).isEqualTo("2016-12-31T23:43:19.999Z");
  }

  @Test
  void theClockNeverGoesBackAndNeverStands() {
    long begin = Instant.parse("2016-12-31T23:43:19Z").toEpochMilli() * MILLI;
    long midnight = Instant.parse("2017-01-01T00:00:00Z").toEpochMilli() * MILLI;
    long before = 0;
    for (long utc = begin; utc < midnight; utc += 10 * MILLI) {
      long now = LeapSmear.smeared(utc, TO_BE_INSERTED);
      assertThat(now - before).isGreaterThan(9 * MILLI);
      before = now;
    }
    for (long utc = midnight - 1000 * MILLI; utc < midnight; utc += 10 * MILLI) {
      long now = LeapSmear.smeared(utc, IN_PROGRESS);
      assertThat(now - before).isBetween(9 * MILLI, 10 * MILLI);
      before = now;
    }
    assertThat(LeapSmear.smeared(midnight, NONE) - before).isBetween(9 * MILLI, 10 * MILLI);
    long last = LeapSmear.smeared(midnight - 1010 * MILLI, TO_BE_DELETED);
    assertThat(LeapSmear.smeared(midnight, NONE) - last).isBetween(10 * MILLI, 11 * MILLI);
  }
}
