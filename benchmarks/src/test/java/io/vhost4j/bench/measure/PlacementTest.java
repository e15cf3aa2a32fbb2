package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.bench.floor.Echo;
import io.vhost4j.bench.target.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class PlacementTest {
  private static String cpus(Path status) throws IOException {
    try (var lines = Files.lines(status)) {
      return lines.filter(line -> line.startsWith("Cpus_allowed_list")).findFirst().orElse("");
    }
  }

  /** On a thread of its own: the JVM of the tests is to run everywhere. */
  private static String placed(Placement placement, Lineup lineup) throws Exception {
    FutureTask<String> task =
        new FutureTask<>(
            () -> {
              String before = cpus(Path.of("/proc/thread-self/status"));
              String during;
              try (Placement.Placed placed = placement.apply(lineup)) {
                during = cpus(Path.of("/proc/thread-self/status"));
              }
              assertThat(cpus(Path.of("/proc/thread-self/status"))).isEqualTo(before);
              return during;
            });
    new Thread(task).start();
    return task.get();
  }

  @Test
  void sameAndApartSayWhoSharesAProcessor() throws Exception {
    Subject other = Echo.start();
    try (Lineup lineup = new Lineup(List.of(Echo.start(), other), null)) {
      Path status = Path.of("/proc/" + other.pid().orElseThrow() + "/status");

      String same = placed(Placement.SAME, lineup);
      assertThat(cpus(status)).isEqualTo(same);

      if (Runtime.getRuntime().availableProcessors() > 1) {
        String apart = placed(Placement.APART, lineup);
        assertThat(cpus(status)).isNotEqualTo(apart);
      }
    }
  }

  @Test
  void whatHasNoProcessCannotBePlaced() throws Exception {
    try (Lineup lineup = new Lineup(List.of(Echo.start(), new Nowhere()), null)) {
      assertThatThrownBy(() -> placed(Placement.SAME, lineup))
          .hasCauseInstanceOf(BenchException.class)
          .hasMessageContaining("--place=free");
    }
  }
}
