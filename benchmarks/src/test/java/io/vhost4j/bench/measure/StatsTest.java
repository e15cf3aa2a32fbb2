package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatsTest {
  @Test
  void theMedianIsTheMiddleOrBetweenTheTwoMiddleValues() {
    assertThat(Stats.median(9, 1, 5)).isEqualTo(5);
    assertThat(Stats.median(9, 1, 5, 4)).isEqualTo(4.5);
    assertThat(Stats.median()).isNaN();
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    // Both are ten times slower in the second round, which leaves the ratio alone.
    List<Double> own = List.of(2.0, 20.0, 2.0);
    List<Double> base = List.of(1.0, 10.0, 1.0);

    assertThat(Stats.medianRatio(own, base, Double::doubleValue)).isEqualTo(2);
  }
}
