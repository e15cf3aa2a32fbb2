package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.measure.LoadWatch;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.Spread;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The ways to a device, in all that a report consists of. */
class LoopbackReportTest {
  private static final List<String> WAYS =
      List.of("vhost-user", "loopback+daemon", "loopback alone");

  /**
   * A buffer takes 10 µs and its copy, where there is one, a microsecond for each KiB.
   *
   * @param bytes 64 for entropy
   */
  private static LoopbackResult result(String machine, String way, int bytes) {
    double micros = 10 + (way.equals("vhost-user") ? 0 : bytes / 1024.0);
    Spread time = Spread.of(micros, micros, micros);
    String load =
        switch (bytes) {
          case 64 -> "entropy";
          case 1920 -> "period";
          case 15_360 -> "chunk";
          default -> "block";
        };
    return new LoopbackResult(
        machine, way, load, bytes, time, time, Spread.of(1, 1, 1), Spread.of(2, 2, 2));
  }

  private static final List<LoopbackResult> RESULTS =
      Stream.of("UML", "QEMU")
          .flatMap(
              machine ->
                  WAYS.stream()
                      .flatMap(
                          way ->
                              Stream.of(64, 1920, 15_360, 61_440)
                                  .map(bytes -> result(machine, way, bytes))))
          .toList();

  private static Results results() {
    return new Results(
        "",
        1,
        "",
        Map.of(),
        Machine.here(),
        new LoadWatch().seen(),
        true,
        "",
        Map.of(),
        Map.of(),
        List.of(),
        List.of(),
        List.of(),
        null,
        List.of(),
        RESULTS,
        List.of());
  }

  @Test
  void whatAKibTakesBeyondTheWayWithoutCopyIsTheCopy() {
    Table copies = Tables.copies(RESULTS);

    assertThat(copies.rows())
        .hasSize(6)
        .anyMatch(row -> row.get(0).equals("UML vhost-user") && row.get(2).equals("-"))
        .filteredOn(row -> !row.get(0).endsWith("vhost-user"))
        .hasSize(4)
        .allMatch(row -> row.get(2).startsWith("1.00"));
  }

  @Test
  void thePictureHasAPlotOfEachMachineWithEachWay() {
    String picture = Picture.of(results());

    assertThat(picture).contains("guest on UML", "guest on QEMU", "MB/s", ">loopback+daemon<");
    for (int style = 1; style <= WAYS.size(); style++) {
      assertThat(picture.split("<circle class=\"dot s" + style + "\"", -1)).hasSize(2 * 3 + 1);
    }
    int height = Integer.parseInt(picture.replaceAll("(?s).*?height=\"([0-9]+)\".*", "$1"));
    assertThat(height).isGreaterThan(3 * Plot.HEIGHT);
  }

  @Test
  void thePageHasPlotsAndBothTables() {
    assertThat(Page.of(results()))
        .contains("UML: sound that goes through", "QEMU: processor time for a buffer")
        .contains("<span class=\"s3\">loopback alone</span>")
        .contains("loopback (us for a buffer)", "CPU of the copy");
  }

  @Test
  void theSummaryHasBothTablesAndSaysWhatTheyAreWorth() {
    assertThat(Summary.of(results(), "results.svg", ""))
        .contains("QEMU loopback alone", "CPU of the copy", Summary.LOOPBACK);
  }
}
