package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Positions in bytes at 1000 bytes per second: one byte is a millisecond. */
class LatestCycleTest {
  private static final long MILLI = 1_000_000;

  private final LatestCycle cycle = new LatestCycle(1000);

  @Test
  void whatACycleHasTakenIsConsumedFrameByFrame() {
    cycle.note(50 * MILLI, 300, 100, 0, 100);
    assertThat(cycle.consumed(50 * MILLI)).as("the cycle begins").isEqualTo(200);
    assertThat(cycle.consumed(90 * MILLI)).isEqualTo(240);
    assertThat(cycle.consumed(150 * MILLI)).isEqualTo(300);
    assertThat(cycle.consumed(400 * MILLI)).as("the next cycle is late").isEqualTo(300);
  }

  @Test
  void whatTheGuestNeedsForTheNextCycleIsConsumedAtOnce() {
    cycle.note(50 * MILLI, 300, 100, 30, 100);
    assertThat(cycle.consumed(50 * MILLI)).isEqualTo(230);
    assertThat(cycle.consumed(60 * MILLI)).isEqualTo(240);
    cycle.note(150 * MILLI, 320, 20, 100, 100);
    assertThat(cycle.consumed(150 * MILLI)).as("never more than was taken").isEqualTo(320);
  }

  @Test
  void theWayToTheAirIsTheRestOfTheCycleAndWhatIsBehindIt() {
    cycle.note(50 * MILLI, 300, 100, 0, 100 + 25);
    assertThat(cycle.untilHeard(300, 50 * MILLI)).isEqualTo(125);
    assertThat(cycle.untilHeard(700, 50 * MILLI)).as("behind what is in the ring").isEqualTo(525);
    assertThat(cycle.untilHeard(300, 150 * MILLI)).isEqualTo(25);
    assertThat(cycle.untilHeard(300, 400 * MILLI)).as("the next cycle is late").isZero();
  }

  @Test
  void whatWasRecordedGrowsOlder() {
    cycle.note(50 * MILLI, 300, 0, 0, 7);
    assertThat(cycle.sinceHeard(300, 50 * MILLI)).isEqualTo(7);
    assertThat(cycle.sinceHeard(260, 60 * MILLI)).as("still in the ring").isEqualTo(57);
    assertThat(cycle.sinceHeard(900, 60 * MILLI)).as("never negative").isZero();
  }

  @Test
  void beforeTheFirstCycleNothingIsConsumedAndNothingOnItsWay() {
    assertThat(cycle.consumed(5 * MILLI)).isZero();
    assertThat(cycle.untilHeard(300, 5 * MILLI)).isEqualTo(300);
    assertThat(cycle.sinceHeard(0, 0)).isZero();
  }

  /** However cycles and looks fall together, a guest's position never goes back. */
  @Property
  void theSoundGoesForward(
      @ForAll @IntRange(max = 200) int before,
      @ForAll @IntRange(max = 200) int taken,
      @ForAll @IntRange(max = 300) int lead,
      @ForAll @IntRange(min = -20, max = 300) int late) {
    cycle.note(0, before, before, lead, before);
    long consumed = cycle.consumed((before + late) * MILLI);
    assertThat(consumed).isBetween(0L, (long) before);
    cycle.note(before * MILLI, before + taken, taken, lead, taken);
    assertThat(cycle.consumed((before + late) * MILLI)).isBetween(consumed, (long) before + taken);
  }
}
