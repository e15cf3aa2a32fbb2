package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpreadTest {
  @Test
  void theMedianIsTheMiddleOrBetweenTheTwoMiddleValues() {
    assertThat(Spread.of(9, 1, 5).median()).isEqualTo(5);
    assertThat(Spread.of(9, 1, 5, 4).median()).isEqualTo(4.5);
    assertThat(Spread.of().median()).isNaN();
  }

  @Test
  void lowAndHighEncloseTheMiddleHalfOfTheRounds() {
    Spread spread = Spread.of(50, 3, 1, 2, 4);

    assertThat(spread).extracting(Spread::low, Spread::high).containsExactly(2.0, 4.0);
    assertThat(spread.rounds()).containsExactly(50.0, 3.0, 1.0, 2.0, 4.0);
    assertThat(Spread.of(1, 2).low()).isEqualTo(1.25);
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    // Both are ten times slower in the second round, which leaves the ratio alone.
    Spread ratio = Spread.of(2, 20, 2).to(Spread.of(1, 10, 1));

    assertThat(ratio.rounds()).containsExactly(2.0, 2.0, 2.0);
  }

  @Test
  void allRoundsOfSomeCount() {
    assertThat(Spread.together(List.of(Spread.of(1, 2), Spread.of(30))).median()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "1.05, true", // at a distance of 0.15 from the median, which is as much as the rounds differ
    "1.06, false",
    "1.2, false",
    "1.34, false",
    "1.35, true",
  })
  void roundsDecideNothingThatIsNearerThanTheyAreToEachOther(double limit, boolean decided) {
    // The outer two are beyond the middle half.
    Spread spread = Spread.of(0.5, 1.125, 1.2, 1.275, 3);

    assertThat(spread.decides(limit)).isEqualTo(decided);
  }

  @Test
  void twoRoundsDecideNothing() {
    assertThat(Spread.of(1, 1).decides(100)).isFalse();
    assertThat(Spread.of(1, 1, 1).decides(100)).isTrue();
    assertThat(Spread.of(1, 1, 1).decides(1)).isTrue();
  }
}
