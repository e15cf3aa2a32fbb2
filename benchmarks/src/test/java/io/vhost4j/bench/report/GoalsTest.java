package io.vhost4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Index.atIndex;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoadWatch;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Goals are reached exactly where the project has set them. */
class GoalsTest {
  /** Rounds that differ by this much in all, half of it between the quarters. */
  private static Spread around(double median, double width) {
    return Spread.of(
        median - width / 2, median - width / 4, median, median + width / 4, median + width / 2);
  }

  private static LatencyResult latency(String name, Spread toFloor, @Nullable Spread toPeer) {
    Percentiles floor = Percentiles.all(toFloor);
    return new LatencyResult(
        name,
        "closed",
        1920,
        1,
        floor,
        floor,
        toPeer == null ? null : Percentiles.all(toPeer),
        List.of(),
        List.of());
  }

  private static ThroughputResult throughput(int window, @Nullable Spread peer) {
    Spread one = around(1, 0);
    return new ThroughputResult("", 1920, window, one, 1, 1, 1, one, peer, 1);
  }

  private static ScaleResult scale(int streams, @Nullable Spread peer) {
    return new ScaleResult(
        "vhost4j", "driver", streams, 16, 1, around(1, 0), 1, 1, 0, 1, 0, 1, peer);
  }

  /** What is measured in rounds, all as far from its limit as the others. */
  private record Measured(boolean quick, double badness, double width, boolean peer) {
    private @Nullable Spread peerRatio(double limit) {
      return peer ? around(limit * badness, width) : null;
    }

    List<Goals.Goal> goals(double millis, long collections, double seconds) {
      return Goals.of(
          new Results(
              "",
              1,
              "",
              Map.of(),
              Machine.here(),
              new LoadWatch().seen(),
              quick,
              "",
              Map.of(
                  "apart",
                  List.of(
                      latency("floor", around(1, 0), null),
                      latency("vhost4j", around(1.15 * badness, width), peerRatio(1)),
                      latency("vhost4j --poll-us 9", around(0.5 * badness, width), null))),
              Map.of(
                  "apart",
                  Stream.of(4, 16, 64)
                      .flatMap(
                          window ->
                              Stream.of(
                                  throughput(window, null),
                                  throughput(window, peer ? around(1.5 / badness, width) : null)))
                      .toList()),
              List.of(scale(1, peerRatio(1.2)), scale(32, peerRatio(1))),
              List.of(
                  new FootprintResult(
                      "vhost4j on Java 17", around(millis, width), millis / 5, 1, 0, 0)),
              List.of(new AllocationResult("x", 1, millis / 3001)),
              new CollectionsResult("vhost4j", seconds, 1, 5, collections),
              List.of(),
              List.of(),
              List.of()));
    }
  }

  private static List<Goals.Goal> goals(
      double badness, double width, double millis, long collections, double seconds) {
    return new Measured(false, badness, width, true).goals(millis, collections, seconds);
  }

  private static List<String> verdicts(List<Goals.Goal> goals) {
    return goals.stream().map(Goals.Goal::verdict).toList();
  }

  @Test
  void whatIsWithinTheGoalsIsReached() {
    List<Goals.Goal> goals = goals(1, 0, 299, 0, 600);

    assertThat(verdicts(goals).subList(0, goals.size() - 1)).hasSize(15).containsOnly("reached");
    assertThat(verdicts(goals)).last().isEqualTo("not measured");
  }

  @Test
  void whatIsALittleOutsideIsMissed() {
    List<Goals.Goal> goals = goals(1.01, 0, 301, 1, 600);

    assertThat(goals.subList(0, goals.size() - 1))
        .filteredOn(goal -> !goal.verdict().equals("missed"))
        // whose limits are others than those that the badness is of
        .extracting(Goals.Goal::wanted)
        .containsExactly("p99 at most 1.5 times the floor", "0 in a second");
  }

  @Test
  void whatTheRoundsDifferByMoreThanFromTheGoalIsNotDecided() {
    List<Goals.Goal> decided = goals(0.9, 0.08, 250, 0, 600);
    List<Goals.Goal> undecided = goals(0.9, 0.4, 250, 0, 600);

    assertThat(verdicts(decided)).doesNotContain("not decided");
    assertThat(undecided)
        .filteredOn(goal -> goal.wanted().contains("peer"))
        .hasSize(7)
        .allMatch(goal -> goal.verdict().equals("not decided"));
    assertThat(undecided)
        .filteredOn(goal -> goal.what().startsWith("exec to READY, Java 17"))
        .allMatch(goal -> goal.verdict().equals("reached"));
    assertThat(undecided.get(0).measured()).isEqualTo("1.04 times (0.93..1.14)");
  }

  @Test
  void aQuickRunJudgesNothing() {
    List<Goals.Goal> goals = new Measured(true, 1.26, 0, false).goals(299, 1, 600);

    assertThat(verdicts(goals)).containsOnly("");
    assertThat(Tables.goals(goals).heads()).containsExactly("goal", "wanted", "measured");
    assertThat(Tables.goals(goals).toString()).doesNotContain("missed", "reached", "not measured");
  }

  @Test
  void aPeerThatIsNotThereIsNotABeatenOne() {
    assertThat(new Measured(false, 1, 0, false).goals(100, 0, 600))
        .filteredOn(goal -> goal.wanted().contains("the peer"))
        .hasSize(7)
        .allMatch(goal -> goal.verdict().equals("not measured"));
  }

  @Test
  void aShortRunCanMissTheGoalOfTenMinutesButNotReachIt() {
    assertThat(verdicts(goals(1, 0, 100, 0, 599))).contains("not decided", atIndex(11));
    assertThat(verdicts(goals(1, 0, 100, 1, 599))).contains("missed", atIndex(11));
  }
}
