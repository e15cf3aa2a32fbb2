package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The floor stands beside the subjects in every round, so that ratios are of the same moment of the
 * machine. But it is one thing, whatever the payload and the window: a report shows it once, as the
 * median of all its rounds.
 */
final class Floor {
  /** In place of a payload or a window. */
  static final int ANY = -1;

  /** How the names of all floors begin. */
  private static final String NAME = "floor";

  private Floor() {}

  static boolean is(String subject) {
    return subject.startsWith(NAME);
  }

  /** The results with one of the floor for each loop: a rate has a floor of its own. */
  static List<LatencyResult> oncePerLoop(List<LatencyResult> results) {
    List<LatencyResult> shown = new ArrayList<>();
    Set<String> loops = new LinkedHashSet<>();
    for (LatencyResult result : results) {
      if (!is(result.subject())) {
        shown.add(result);
      } else if (loops.add(result.loop())) {
        shown.add(
            LatencyResult.together(
                results.stream()
                    .filter(other -> is(other.subject()) && other.loop().equals(result.loop()))
                    .toList(),
                ANY));
      }
    }
    return shown;
  }

  /** The results with one of the floor. */
  static List<ThroughputResult> once(List<ThroughputResult> results) {
    List<ThroughputResult> shown = new ArrayList<>();
    List<ThroughputResult> floors =
        results.stream().filter(result -> is(result.subject())).toList();
    if (!floors.isEmpty()) {
      shown.add(ThroughputResult.together(floors, ANY));
    }
    results.stream().filter(result -> !is(result.subject())).forEach(shown::add);
    return shown;
  }
}
