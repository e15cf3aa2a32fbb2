package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.measure.Spread;
import java.util.List;
import java.util.stream.IntStream;
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

  @Test
  void roundsAreShownWithTheRangeOfTheirMiddleHalf() {
    Table table =
        new Table("what", "us")
            .row("a", Spread.of(12.34, 10, 11.11, 99, 13))
            .row("b", Spread.of(1.2345));

    assertThat(table.toString().lines())
        .containsExactly(
            "what                 us", //
            "a     12.3 (11.1..13.0)",
            "b                  1.23");
  }

  @Test
  void aColumnWithoutAValueIsLeftOutEverywhere() {
    Table table = new Table("what", "/peer", "n").row("a", "-", 1).row("b", Double.NaN, 2);

    assertThat(table.heads()).containsExactly("what", "n");
    assertThat(table.rows()).containsExactly(List.of("a", "1"), List.of("b", "2"));
    assertThat(table.toString().lines()).containsExactly("what  n", "a     1", "b     2");
    assertThat(table.markdown()).doesNotContain("peer");
  }

  @Test
  void aColumnWithOneValueStays() {
    Table table = new Table("what", "/peer").row("a", "-").row("b", 1.0);

    assertThat(table.toString().lines())
        .containsExactly("what  /peer", "a         -", "b      1.00");
  }

  @Test
  void headsOfATableThatIsTooWideAreFolded() {
    Table table =
        new Table("subject", "a".repeat(60), "wake-ups/buf", "of daemon " + "b".repeat(16));
    table.row("x", 1, 2, 3);

    assertThat(table.toString().lines()).hasSize(3).allMatch(line -> line.length() <= Table.WIDTH);
  }

  @Test
  void longTextIsFolded() {
    Table table = new Table("goal", "wanted").row("word ".repeat(20), "other ".repeat(12));

    assertThat(table.toString().lines()).hasSizeGreaterThan(2);
    assertThat(table.toString().lines()).allMatch(line -> line.length() <= Table.WIDTH);
    assertThat(table.toString().split("\\s+", -1)).filteredOn("word"::equals).hasSize(20);
    assertThat(table.toString().split("\\s+", -1)).filteredOn("other"::equals).hasSize(12);
  }

  @Test
  void whatDoesNotFitFollowsBelowWithTheKeys() {
    String[] heads = IntStream.range(0, 20).mapToObj(i -> "column" + i).toArray(String[]::new);
    Table table = Table.withKeys(2, heads);
    table.row(IntStream.range(0, 20).mapToObj(i -> i < 2 ? "key" + i : (Object) i).toArray());

    String[] blocks = table.toString().split("\n\n", -1);
    assertThat(blocks).hasSizeGreaterThan(1);
    for (String block : blocks) {
      assertThat(block.lines()).hasSize(2).allMatch(line -> line.length() <= Table.WIDTH);
      assertThat(block).startsWith("column0  column1  ").contains("\nkey0     key1  ");
    }
    assertThat(table.toString()).contains("column19");
  }
}
