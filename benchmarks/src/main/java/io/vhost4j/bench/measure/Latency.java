package io.vhost4j.bench.measure;

import io.vhost4j.bench.BenchException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Measures round trips of all subjects of a line-up, round by round. */
public final class Latency {
  private static final double[] CURVE = {
    0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.75, 99.9,
    99.95, 99.99, 99.995, 99.999
  };
  private static final long SLICE_NANOS = 50_000_000;

  private final Lineup lineup;
  private final Rounds rounds;
  private final Steps steps;
  private final Samples samples = new Samples();

  public Latency(Lineup lineup, Rounds rounds, Steps steps) {
    this.lineup = lineup;
    this.rounds = rounds;
    this.steps = steps;
  }

  /** Measures one load; a result for each subject. */
  public List<LatencyResult> measure(LatencyLoop loop, int payload) throws BenchException {
    List<Course> courses = new ArrayList<>();
    for (Subject subject : lineup.subjects()) {
      Course course = new Course(subject.name(), subject.roundTrip(payload));
      courses.add(course);
      loop.run(course.roundTrip, rounds.warmUpNanos(), samples);
      steps.passed(rounds.warmUpNanos());
    }
    long begin = System.nanoTime();
    for (int round = 0; round < rounds.count(); round++) {
      for (Course course : courses) {
        loop.run(course.roundTrip, rounds.nanos(), samples);
        course.add(samples, begin);
        steps.passed(rounds.nanos());
      }
    }
    List<LatencyResult> results = new ArrayList<>();
    for (Course course : courses) {
      results.add(
          course.result(
              loop, payload, courses.get(0), lineup.peer() == null ? null : courses.get(2)));
    }
    return results;
  }

  /** The rounds of one subject. */
  private static final class Course {
    private final String name;
    private final RoundTrip roundTrip;
    private final List<Percentiles> rounds = new ArrayList<>();
    private final List<double[]> series = new ArrayList<>();
    private final Histogram all = Samples.newHistogram();

    Course(String name, RoundTrip roundTrip) {
      this.name = name;
      this.roundTrip = roundTrip;
    }

    void add(Samples samples, long begin) {
      Histogram histogram = samples.histogram();
      rounds.add(Percentiles.of(histogram));
      all.add(histogram);
      int from = 0;
      for (int i = 1; i <= samples.count(); i++) {
        if (i == samples.count() || samples.end(i) - samples.end(from) >= SLICE_NANOS) {
          series.add(slice(samples, from, i, begin));
          from = i;
        }
      }
    }

    private static double[] slice(Samples samples, int from, int to, long begin) {
      double[] micros = new double[to - from];
      double max = 0;
      for (int i = from; i < to; i++) {
        micros[i - from] = samples.nanos(i) / 1e3;
        max = Math.max(max, micros[i - from]);
      }
      return new double[] {(samples.end(from) - begin) / 1e9, Stats.median(micros), max};
    }

    LatencyResult result(LatencyLoop loop, int payload, Course floor, @Nullable Course peer) {
      List<double[]> curve = new ArrayList<>();
      for (double percentile : CURVE) {
        if (all.getTotalCount() * (1 - percentile / 100) >= 1) {
          curve.add(new double[] {percentile, Percentiles.micros(all, percentile)});
        }
      }
      return new LatencyResult(
          name,
          loop.label(),
          payload,
          all.getTotalCount(),
          Percentiles.median(rounds),
          Percentiles.ratio(rounds, floor.rounds),
          peer == null ? null : Percentiles.ratio(rounds, peer.rounds),
          rounds,
          curve,
          series);
    }
  }
}
