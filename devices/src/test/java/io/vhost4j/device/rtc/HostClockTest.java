package io.vhost4j.device.rtc;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The clocks of this machine. */
@Tag("jdk")
class HostClockTest {
  private static final long SECOND = 1_000_000_000;

  private static long utc() {
    Instant now = Instant.now();
    return now.getEpochSecond() * SECOND + now.getNano();
  }

  @ParameterizedTest
  @EnumSource
  void aClockShowsItsTimeAndGoesOn(HostClock clock) {
    long ahead =
        switch (clock) {
          case UTC, SMEARED_UTC -> clock.nanos() - utc();
          case TAI -> clock.nanos() - utc() - 37 * SECOND;
          case MONOTONIC -> clock.nanos() - System.nanoTime();
        };
    assertThat(Math.abs(ahead)).isLessThan(SECOND);
    long first = clock.nanos();
    long second = clock.nanos();
    assertThat(second).isBetween(first, first + 20 * SECOND);
  }

  /**
   * T10: a driver that reads after the note reads no time before the alarm. What it reads by a
   * request is late anyway: the clock is read as the note comes.
   */
  @ParameterizedTest
  @EnumSource
  void t10AnAlarmIsNotEarly(HostClock clock) throws Exception {
    Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
    RtcDevice device = new RtcDevice("clock", List.of(clock), true);
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, 1 << 21)) {
      GuestQueue requests = guest.queue(0, 0, 1 << 20, 16, 0);
      GuestQueue alarms = guest.queue(1, 1 << 20, 1 << 20, 16, 0);
      LinkedBlockingQueue<Long> notes = new LinkedBlockingQueue<>();
      alarms.onReturned(note -> notes.add(clock.nanos()));
      Guest.await(requests.start());
      Guest.await(alarms.start());
      for (int i = 0; i < 5; i++) {
        alarms.add(new byte[0], 16, 16);
        alarms.kick();
        long time = clock.nanos() + 3_000_000L * i;
        byte[] request = words(0x1004, time, 1 << 16);
        assertThat(requests.request(request, 8).writable()[0]).isZero();
        assertThat(notes.poll(20, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(time);
      }
      assertThat(device.expirations()).isEqualTo(5);
    } finally {
      Guest.await(vertx.close());
    }
  }

  private static byte[] words(long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }
}
