package io.vhost4j.audio;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StreamClockTest {
  private static final long MS = 1_000_000;

  /** 10 ms of S16 stereo at 48 kHz. */
  private static final int PERIOD = 1920;

  private static final PcmParameters STEREO =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * PERIOD, PERIOD);

  private long now = 1_000_000_007L;

  private StreamClock clock(Direction direction, Pacing pacing) {
    return new StreamClock(direction, STEREO, pacing, () -> now);
  }

  private StreamClock started(Direction direction) {
    StreamClock clock = clock(direction, Pacing.REALTIME);
    clock.start();
    return clock;
  }

  @Test
  void takesABufferWhenItsLastFrameHasBeenPlayedA47() {
    StreamClock clock = started(Direction.OUTPUT);
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(10 * MS);
    now += 10 * MS - 1;
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(1);
    now += 1;
    assertThat(clock.take(PERIOD)).isTrue();
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(10 * MS);
    assertThat(clock.latencyBytes()).isZero();
  }

  @Test
  void takesNothingBeforeStartA37() {
    StreamClock clock = clock(Direction.OUTPUT, Pacing.NONE);
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void playingBeginsWithTheFirstFramesHoweverLongAfterStart() {
    StreamClock clock = started(Direction.OUTPUT);
    assertThat(clock.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    now += 5000 * MS;
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(10 * MS);
    assertThat(clock.xruns()).isZero();
  }

  @Test
  void aLateGuestIsOneXrunAndTheClockStartsAnewA56() {
    StreamClock clock = started(Direction.OUTPUT);
    playOne(clock);
    assertThat(clock.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    now += 3 * MS;
    assertThat(clock.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    assertThat(clock.xruns()).isZero();
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.xruns()).isEqualTo(1);
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(10 * MS);
    playOne(clock);
    assertThat(clock.xruns()).isEqualTo(1);
  }

  @Test
  void aLateHostIsNoXrunAndCatchesUp() {
    StreamClock clock = started(Direction.OUTPUT);
    playOne(clock);
    now += 35 * MS;
    assertThat(clock.take(PERIOD)).isTrue();
    assertThat(clock.take(PERIOD)).isTrue();
    assertThat(clock.take(PERIOD)).isTrue();
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(5 * MS);
    assertThat(clock.xruns()).isZero();
  }

  @Test
  void anEndIsNoXrun() {
    StreamClock clock = started(Direction.OUTPUT);
    playOne(clock);
    clock.nanosToWait(0);
    now += 7 * MS;
    clock.stop();
    now += 70 * MS;
    clock.start();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(10 * MS);
    assertThat(clock.xruns()).isZero();
  }

  @Test
  void stopHaltsTheClockInTheMiddleOfABufferA39() {
    for (Direction direction : Direction.values()) {
      StreamClock clock = started(direction);
      clock.nanosToWait(PERIOD);
      now += 4 * MS;
      clock.stop();
      assertThat(clock.nanosToWait(PERIOD)).isEqualTo(Long.MAX_VALUE);
      now += 1000 * MS;
      assertThat(clock.take(PERIOD)).isFalse();
      clock.start();
      assertThat(clock.nanosToWait(PERIOD)).isEqualTo(6 * MS);
      assertThat(clock.xruns()).isZero();
    }
  }

  @Test
  void capturesFromStartOn() {
    StreamClock clock = started(Direction.INPUT);
    now += 4 * MS;
    assertThat(clock.latencyBytes()).isEqualTo(4 * PERIOD / 10);
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(6 * MS);
    now += 6 * MS;
    assertThat(clock.take(PERIOD)).isTrue();
    assertThat(clock.latencyBytes()).isZero();
  }

  @Test
  void aGuestThatIsAsLateAsItsBufferIsLongLosesNothing() {
    StreamClock clock = started(Direction.INPUT);
    clock.nanosToWait(0);
    now += 40 * MS;
    for (int i = 0; i < 4; i++) {
      assertThat(clock.take(PERIOD)).isTrue();
    }
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.xruns()).isZero();
  }

  @Test
  void captureThatTheGuestsBufferCouldNotHoldIsOneXrunAndDroppedA56() {
    StreamClock clock = started(Direction.INPUT);
    clock.nanosToWait(0);
    now += 12345 * MS;
    for (int i = 0; i < 4; i++) {
      assertThat(clock.take(PERIOD)).isTrue();
    }
    assertThat(clock.take(PERIOD)).isFalse();
    assertThat(clock.nanosToWait(PERIOD)).isEqualTo(10 * MS);
    assertThat(clock.xruns()).isEqualTo(1);
  }

  @Test
  void roomThatWaitsLongerThanTheGuestsBufferIsNoXrun() {
    StreamClock clock = started(Direction.INPUT);
    int big = 100 * PERIOD;
    assertThat(clock.nanosToWait(big)).isEqualTo(1000 * MS);
    now += 1000 * MS;
    assertThat(clock.take(big)).isTrue();
    assertThat(clock.xruns()).isZero();
  }

  @Test
  void withoutPacingEverythingIsDue() {
    for (Direction direction : Direction.values()) {
      StreamClock clock = clock(direction, Pacing.NONE);
      clock.start();
      for (int i = 0; i < 100; i++) {
        assertThat(clock.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
        assertThat(clock.nanosToWait(PERIOD)).isZero();
        assertThat(clock.take(PERIOD)).isTrue();
      }
      assertThat(clock.xruns()).isZero();
      assertThat(clock.latencyBytes()).isZero();
    }
  }

  /** What ALSA cannot tell from none is the whole buffer. */
  @Test
  void fastIsHalfOfTheGuestsBufferInTenMilliseconds() {
    for (Direction direction : Direction.values()) {
      StreamClock clock = clock(direction, Pacing.FAST);
      assertThat(clock.take(PERIOD)).isFalse();
      clock.start();
      for (int i = 0; i < 10; i++) {
        assertThat(clock.nanosToWait(PERIOD)).isZero();
        assertThat(clock.take(PERIOD)).isTrue();
        now += 3 * MS;
        assertThat(clock.take(PERIOD)).isTrue();
        assertThat(clock.take(PERIOD)).isFalse();
        assertThat(clock.nanosToWait(PERIOD)).isEqualTo(7 * MS);
        now += 7 * MS - 1;
        assertThat(clock.take(PERIOD)).isFalse();
        assertThat(clock.take(0)).isTrue();
        now += 1;
      }
      assertThat(clock.take(4 * PERIOD)).as("larger than half").isTrue();
      assertThat(clock.take(PERIOD)).isFalse();
      assertThat(clock.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
      assertThat(clock.xruns()).isZero();
      assertThat(clock.latencyBytes()).isZero();
      now += 10 * MS;
    }
  }

  @Property(tries = 50)
  void neitherDriftsNorHurriesOverABillionFrames(
      @ForAll Direction direction, @ForAll SampleRate rate, @ForAll Random random) {
    PcmParameters mono = new PcmParameters(SampleFormat.U8, rate, 1, 1 << 20, 1 << 10);
    StreamClock clock = new StreamClock(direction, mono, Pacing.REALTIME, () -> now);
    now = random.nextLong();
    final long start = now;
    clock.start();
    long frames = 0;
    while (frames < 1_000_000_000L) {
      int count = 1 + random.nextInt(random.nextBoolean() ? 1 << 22 : 1 << 10);
      frames += count;
      long due = start + ceilNanos(frames, rate.hertz());
      while (due - now > 0) {
        assertThat(clock.take(count)).isFalse();
        long wait = clock.nanosToWait(count);
        assertThat(wait).isEqualTo(due - now);
        // Wakes come early, for other reasons, or late.
        now += random.nextInt(4) == 0 ? wait / 2 : wait + random.nextInt(100_000_000);
      }
      assertThat(clock.take(count)).isTrue();
    }
    assertThat(clock.xruns()).isZero();
  }

  @Property(tries = 200)
  void countsOneXrunForEachTimeThatTheGuestIsLate(
      @ForAll @IntRange(min = 1, max = 50) int gaps, @ForAll Random random) {
    StreamClock clock = started(Direction.OUTPUT);
    for (int i = 0; i < gaps; i++) {
      for (int n = 1 + random.nextInt(5); n > 0; n--) {
        playOne(clock);
        now += random.nextInt((int) MS);
      }
      assertThat(clock.xruns()).isEqualTo(i);
      clock.nanosToWait(0);
      now += random.nextInt(1_000_000_000);
    }
  }

  /** The guest has the next buffer ready. */
  private void playOne(StreamClock clock) {
    now += Math.max(0, clock.nanosToWait(PERIOD));
    assertThat(clock.take(PERIOD)).isTrue();
  }

  private static long ceilNanos(long frames, int hertz) {
    return BigInteger.valueOf(frames)
        .multiply(BigInteger.valueOf(1_000_000_000))
        .add(BigInteger.valueOf(hertz - 1))
        .divide(BigInteger.valueOf(hertz))
        .longValueExact();
  }
}
