package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class AxisTest {
  @Property
  void everyValueOfALogarithmicAxisLiesOnIt(
      @ForAll @DoubleRange(min = 0.01, max = 1e6) double low,
      @ForAll @DoubleRange(min = 1, max = 1e6) double factor) {
    Axis axis = Axis.logarithmic("", low, low * factor);

    assertThat(axis.position(low)).isBetween(-1e-9, 1.0);
    assertThat(axis.position(low * factor)).isBetween(-1e-9, 1 + 1e-9);
    assertThat(axis.ticks()).hasSizeBetween(1, 14);
  }

  @Property
  void everyValueOfALinearAxisLiesOnIt(@ForAll @DoubleRange(min = 0, max = 1e9) double high) {
    Axis axis = Axis.linear("", high);

    assertThat(axis.position(high)).isBetween(0.0, 1 + 1e-9);
    assertThat(axis.ticks()).hasSizeBetween(1, 7);
  }

  @Test
  void eachNineOfAPercentileTakesTheSameRoom() {
    Axis axis = Axis.percentiles(99.99);

    assertThat(axis.position(90)).isCloseTo(0.25, within(1e-9));
    assertThat(axis.position(99.9)).isCloseTo(0.75, within(1e-9));
    assertThat(axis.ticks()).extracting(Axis.Tick::text).endsWith("p99.9", "p99.99");
  }

  @Test
  void powersOfTwoAreMarkedUpToTheLast() {
    assertThat(Axis.doubling("", 1, 8).ticks())
        .extracting(Axis.Tick::text)
        .containsExactly("1", "2", "4", "8");
    assertThat(Axis.doubling("", 2, 2).position(2)).isZero();
  }
}
