package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void columnsAreAlignedAndNumbersHaveThreeDigits() {
    Table table = new Table("what", "us", "n").row("a", 1.23456, 7).row("longer", 1234.5, 1000);

    assertThat(table.toString().lines())
        .containsExactly(
            "what      us     n", //
            "a       1.23     7",
            "longer  1235  1000");
  }

  @Test
  void whatIsNoNumberIsADash() {
    assertThat(Table.number(Double.NaN)).isEqualTo("-");
    assertThat(Table.number(0.01234)).isEqualTo("0.012");
  }
}
