package io.vhost4j.bench.measure;

import io.vhost4j.bench.BenchException;
import io.vhost4j.bench.floor.Copy;
import java.util.ArrayList;
import java.util.List;

/** Measures how much goes through all subjects of a line-up, round by round. */
public final class Throughput {
  private static final long COPY_NANOS = 20_000_000;

  private final Lineup lineup;
  private final Rounds rounds;
  private final Steps steps;

  public Throughput(Lineup lineup, Rounds rounds, Steps steps) {
    this.lineup = lineup;
    this.rounds = rounds;
    this.steps = steps;
  }

  /** Measures one load; a result for each subject. */
  public List<ThroughputResult> measure(int payload, int window) throws BenchException {
    List<Subject> subjects = lineup.subjects();
    for (Subject subject : subjects) {
      subject.flow(payload, window, rounds.warmUpNanos());
      steps.passed(rounds.warmUpNanos());
    }
    List<List<Flow>> flows = new ArrayList<>();
    subjects.forEach(subject -> flows.add(new ArrayList<>()));
    Copy copy = new Copy(payload);
    List<Double> copies = new ArrayList<>();
    for (int round = 0; round < rounds.count(); round++) {
      copies.add(copy.nanosPerCopy(COPY_NANOS));
      for (int i = 0; i < subjects.size(); i++) {
        flows.get(i).add(subjects.get(i).flow(payload, window, rounds.nanos()));
        steps.passed(rounds.nanos());
      }
    }
    double copyPerSecond = 1e9 / Stats.median(copies, Double::doubleValue);
    List<ThroughputResult> results = new ArrayList<>();
    for (int i = 0; i < subjects.size(); i++) {
      List<Flow> own = flows.get(i);
      double perSecond = Stats.median(own, Flow::perSecond);
      results.add(
          new ThroughputResult(
              subjects.get(i).name(),
              payload,
              window,
              perSecond,
              perSecond * payload / 1e6,
              Stats.median(own, flow -> (double) flow.kicks() / flow.buffers()),
              Stats.median(own, flow -> (double) flow.wakeUps() / flow.buffers()),
              Stats.medianRatio(own, flows.get(0), Flow::perSecond),
              lineup.peer() == null ? null : Stats.medianRatio(own, flows.get(2), Flow::perSecond),
              perSecond / copyPerSecond,
              own.stream().map(Flow::perSecond).toList()));
    }
    return results;
  }
}
