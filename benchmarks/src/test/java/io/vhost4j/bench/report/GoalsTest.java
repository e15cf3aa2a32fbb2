package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Index.atIndex;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Goals are reached exactly where the project has set them. */
class GoalsTest {
  private static LatencyResult latency(
      String name, double p50, double p99, @Nullable Percentiles peer) {
    Percentiles floor = new Percentiles(p50, 0, p99, 0, 0);
    return new LatencyResult(
        name, "closed", 1920, 1, floor, floor, peer, List.of(), List.of(), List.of());
  }

  private static ThroughputResult throughput(@Nullable Double peer) {
    return new ThroughputResult("", 1920, 16, 1, 1, 1, 1, 1, peer, 1, List.of());
  }

  private static List<Goals.Goal> goals(
      double toFloor, @Nullable Double toPeer, double millis, long collections, double seconds) {
    return goals(false, toFloor, toPeer, millis, collections, seconds);
  }

  private static List<Goals.Goal> goals(
      boolean quick,
      double toFloor,
      @Nullable Double toPeer,
      double millis,
      long collections,
      double seconds) {
    Percentiles peer = toPeer == null ? null : new Percentiles(toPeer, 0, toPeer, 0, 0);
    ScaleResult scale =
        new ScaleResult("vhost4j", "driver", 32, 16, 1, 1, 1, 1, 0, 1, 0, 1, toPeer);
    return Goals.of(
        new Results(
            "",
            "",
            Map.of(),
            Machine.here(),
            quick,
            5,
            Map.of(
                "apart",
                List.of(
                    latency("floor", 1, 1, null),
                    latency("vhost4j", toFloor, toFloor, peer),
                    latency("vhost4j --poll-us 9", toFloor / 2.5, 1, null))),
            List.of(throughput(null), throughput(toPeer == null ? null : 1.5 / toPeer)),
            List.of(scale),
            List.of(
                new FootprintResult(
                    "vhost4j on Java 17", millis, List.of(), millis / 5, 1, 0, 1 - 300 / millis)),
            List.of(new AllocationResult("x", 1, toFloor / 12)),
            new CollectionsResult("vhost4j", seconds, 1, 5, collections),
            List.of()));
  }

  private static List<String> verdicts(List<Goals.Goal> goals) {
    return goals.stream().map(Goals.Goal::verdict).toList();
  }

  @Test
  void whatIsWithinTheGoalsIsReached() {
    List<Goals.Goal> goals = goals(1.15, 1.0, 299.9, 0, 600);

    assertThat(verdicts(goals).subList(0, goals.size() - 1)).hasSize(10).containsOnly("reached");
    assertThat(verdicts(goals)).last().isEqualTo("not measured");
  }

  @Test
  void whatIsALittleOutsideIsMissed() {
    List<Goals.Goal> goals = goals(1.26, 1.01, 301, 1, 600);

    assertThat(verdicts(goals).subList(0, goals.size() - 1)).containsOnly("missed");
  }

  @Test
  void aQuickRunJudgesNothing() {
    List<Goals.Goal> goals = goals(true, 1.26, null, 299, 1, 600);

    assertThat(verdicts(goals)).containsOnly("");
    assertThat(Tables.goals(goals).heads()).containsExactly("goal", "wanted", "measured");
    assertThat(Tables.goals(goals).toString()).doesNotContain("missed", "reached", "not measured");
  }

  @Test
  void aPeerThatIsNotThereIsNotABeatenOne() {
    assertThat(goals(1, null, 100, 0, 600))
        .filteredOn(goal -> goal.wanted().contains("the peer"))
        .hasSize(3)
        .allMatch(goal -> goal.verdict().equals("not measured"));
  }

  @Test
  void aShortRunCanMissTheGoalOfTenMinutesButNotReachIt() {
    assertThat(verdicts(goals(1, 1.0, 100, 0, 599))).contains("not measured", atIndex(6));
    assertThat(verdicts(goals(1, 1.0, 100, 1, 599))).contains("missed", atIndex(6));
  }
}
