package io.vhost4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When it is worth to look at an empty ring, in a time that only passes where it is said. */
class AdaptivePollingTest {
  private static final long LIMIT = 100_000;

  private long nanos = 7;
  private final AdaptivePolling polling =
      new AdaptivePolling(Polling.upTo(Duration.ofNanos(LIMIT)), () -> nanos);

  /** A turn with a buffer that has come so long after the ring ran empty. */
  private void turn(long gapNanos) {
    nanos += gapNanos;
    polling.came(polling.now());
    nanos += 1_000_000; // what the device does with it counts for nothing
    polling.ranEmpty();
  }

  private void turns(int count, long gapNanos) {
    for (int i = 0; i < count; i++) {
      turn(gapNanos);
    }
  }

  @Test
  void itPaysWhenManyBuffersInARowCameWithinTheLimit() {
    turn(LIMIT);
    assertThat(polling.pays()).as("the first comes out of nothing").isFalse();
    turns(AdaptivePolling.SOON_IN_A_ROW - 1, LIMIT);
    assertThat(polling.pays()).isFalse();
    turn(LIMIT);
    assertThat(polling.pays()).isTrue();
  }

  @Test
  void aStreamWithAPaceNeverPays() {
    for (int i = 0; i < 1000; i++) {
      turn(10_000_000);
      turns(8, 1000); // and so do several that send at the same moment
      assertThat(polling.pays()).isFalse();
    }
  }

  @Test
  void aSingleLateBufferEndsIt() {
    turns(100, 1000);
    turn(LIMIT + 1);
    assertThat(polling.pays()).isFalse();
    turns(AdaptivePolling.SOON_IN_A_ROW - 1, LIMIT);
    assertThat(polling.pays()).isFalse();
  }

  @Test
  void itGoesOnForTheLimitAndThenNotAgain() {
    turns(100, 1000);
    nanos += LIMIT - 1;
    assertThat(polling.goesOn()).isTrue();
    nanos++;
    assertThat(polling.goesOn()).isFalse();
    turn(0);
    assertThat(polling.pays()).isFalse();
  }

  @Test
  void whereNobodyMayPollItNeverPaysNotEvenIfTheClockStandsStill() {
    AdaptivePolling never = new AdaptivePolling(Polling.never(), () -> nanos);
    for (int i = 0; i < 100; i++) {
      never.came(never.now());
      never.ranEmpty();
      assertThat(never.pays()).isFalse();
    }
  }
}
