package io.vhost4j.device.rng;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class QuotaTest {
  private long now = Long.MAX_VALUE - 50; // the clock may overflow
  private final Quota quota = new Quota(100, Duration.ofNanos(1000), () -> now);

  @Test
  void aPeriodHasItsBytesAndNoMore() {
    assertThat(quota.left()).isEqualTo(100);
    quota.take(60);
    assertThat(quota.left()).isEqualTo(40);
    quota.take(40);
    now += 999;
    assertThat(quota.left()).isZero();
    assertThat(quota.nanosToNext()).isEqualTo(1);
    now++;
    assertThat(quota.left()).isEqualTo(100);
  }

  @Test
  void whatAPeriodLeavesIsNotForTheNext() {
    assertThat(quota.left()).isEqualTo(100);
    quota.take(10);
    now += 5000;
    assertThat(quota.left()).isEqualTo(100);
    now += 999;
    assertThat(quota.left()).as("the period began when it was asked for").isEqualTo(100);
  }
}
