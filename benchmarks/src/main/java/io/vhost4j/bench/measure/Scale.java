package io.vhost4j.bench.measure;

import io.vhost4j.bench.BenchException;
import java.util.ArrayList;
import java.util.List;

/** Measures loads of many streams beside each other, round by round. */
public final class Scale {
  private Scale() {}

  /**
   * Measures one number of streams.
   *
   * @param loads the target, and the peer if there is one
   * @param pace name of who keeps time
   * @return a result for each load
   */
  public static List<ScaleResult> measure(
      List<StreamLoad> loads, String pace, Rounds rounds, Steps steps) throws BenchException {
    List<List<ScaleRound>> measured = new ArrayList<>();
    for (StreamLoad load : loads) {
      load.warmUp(rounds.warmUpNanos());
      steps.passed(rounds.warmUpNanos());
      measured.add(new ArrayList<>());
    }
    for (int round = 0; round < rounds.count(); round++) {
      for (int i = 0; i < loads.size(); i++) {
        measured.get(i).add(loads.get(i).run(rounds.nanos()));
        steps.passed(rounds.nanos());
      }
    }
    List<ScaleResult> results = new ArrayList<>();
    for (int i = 0; i < loads.size(); i++) {
      results.add(
          ScaleResult.of(
              loads.get(i),
              pace,
              loads.get(i).memory(),
              measured.get(i),
              loads.size() < 2 ? null : measured.get(1)));
    }
    return results;
  }
}
