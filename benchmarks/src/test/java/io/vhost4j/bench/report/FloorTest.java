package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A report has one floor, however often it was measured. */
class FloorTest {
  private static LatencyResult latency(String subject, String loop, int payload, double... rounds) {
    Percentiles one = Percentiles.all(Spread.of(1));
    return new LatencyResult(
        subject,
        loop,
        payload,
        10,
        Percentiles.all(Spread.of(rounds)),
        one,
        one,
        List.of(),
        List.of());
  }

  private static ThroughputResult throughput(String subject, int window, double... rounds) {
    Spread one = Spread.of(1);
    return new ThroughputResult(subject, 1920, window, Spread.of(rounds), 1, 1, 1, one, one, 1);
  }

  @Test
  void itIsShownOnceForEachLoopAsTheMedianOfAllItsRounds() {
    List<LatencyResult> shown =
        Floor.oncePerLoop(
            List.of(
                latency("floor (C echo)", "closed", 4, 1, 2),
                latency("vhost4j", "closed", 4, 9),
                latency("floor (C echo)", "closed", 1920, 3, 4, 50),
                latency("vhost4j", "closed", 1920, 9),
                latency("floor (C echo)", "1000/s", 1920, 7),
                latency("vhost4j", "1000/s", 1920, 9)));

    assertThat(shown)
        .extracting(LatencyResult::subject)
        .containsExactly("floor (C echo)", "vhost4j", "vhost4j", "floor (C echo)", "vhost4j");
    assertThat(shown.get(0).micros().p50().median()).isEqualTo(3);
    assertThat(shown.get(0).payload()).isEqualTo(Floor.ANY);
    assertThat(shown.get(3).micros().p50().median()).isEqualTo(7);
    assertThat(Tables.latency(shown).rows().get(0)).contains("any");
  }

  @Test
  void itIsShownOnceForAllWindows() {
    List<ThroughputResult> shown =
        Floor.once(
            List.of(
                throughput("floor (Java echo)", 1, 10, 20),
                throughput("vhost4j", 1, 1),
                throughput("floor (Java echo)", 16, 30),
                throughput("vhost4j", 16, 1)));

    assertThat(shown)
        .extracting(ThroughputResult::subject)
        .containsExactly("floor (Java echo)", "vhost4j", "vhost4j");
    assertThat(shown.get(0).perSecond().median()).isEqualTo(20);
    assertThat(shown.get(0).toPeer()).isNull();
  }
}
