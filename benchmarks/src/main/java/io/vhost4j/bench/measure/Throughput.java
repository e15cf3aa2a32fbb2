package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.util.ArrayList;
import java.util.List;

/** Measures how much goes through all subjects of a line-up, round by round. */
public final class Throughput {
  private static final long COPY_NANOS = 20_000_000;

  private final Lineup lineup;
  private final Turns turns;

  public Throughput(Lineup lineup, Turns turns) {
    this.lineup = lineup;
    this.turns = turns;
  }

  /** Measures one load; a result for each subject. */
  public List<ThroughputResult> measure(int payload, int window, Rounds rounds)
      throws BenchException {
    double copyPerSecond = 1e9 / new Copy(payload).nanosPerCopy(COPY_NANOS);
    List<Subject> subjects = lineup.subjects();
    List<List<Flow>> flows =
        turns.take(
            subjects,
            rounds,
            (subject, nanos) -> {
              Flow flow = subject.flow(payload, window, nanos);
              subject.rest();
              return flow;
            });
    List<Spread> speeds = flows.stream().map(own -> Spread.of(own, Flow::perSecond)).toList();
    Spread peer = lineup.ofPeer(speeds);
    List<ThroughputResult> results = new ArrayList<>();
    for (int i = 0; i < subjects.size(); i++) {
      List<Flow> own = flows.get(i);
      Spread speed = speeds.get(i);
      results.add(
          new ThroughputResult(
              subjects.get(i).name(),
              payload,
              window,
              speed,
              speed.median() * payload / 1e6,
              Spread.of(own, flow -> (double) flow.kicks() / flow.buffers()).median(),
              Spread.of(own, flow -> (double) flow.wakeUps() / flow.buffers()).median(),
              speed.to(speeds.get(0)),
              peer == null ? null : speed.to(peer),
              speed.median() / copyPerSecond));
    }
    return results;
  }
}
