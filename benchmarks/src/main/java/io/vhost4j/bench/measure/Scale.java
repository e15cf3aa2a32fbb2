package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
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
      List<StreamLoad> loads, String pace, Rounds rounds, Turns turns) throws BenchException {
    List<List<ScaleRound>> measured =
        turns.take(loads, rounds, StreamLoad::warmUp, StreamLoad::run);
    List<Spread> used =
        measured.stream().map(own -> Spread.of(own, ScaleRound::cpuMillisPerSecond)).toList();
    List<ScaleResult> results = new ArrayList<>();
    for (int i = 0; i < loads.size(); i++) {
      results.add(
          ScaleResult.of(
              loads.get(i),
              pace,
              measured.get(i),
              used.get(i),
              loads.size() < 2 ? null : used.get(1)));
    }
    return results;
  }
}
