package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Measures round trips of all subjects of a line-up, round by round. */
public final class Latency {
  private static final double[] CURVE = {
    0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.75, 99.9,
    99.95, 99.99, 99.995, 99.999
  };
  private static final long SLICE_NANOS = 50_000_000;

  private final Lineup lineup;
  private final Turns turns;
  private final Samples samples = new Samples();

  public Latency(Lineup lineup, Turns turns) {
    this.lineup = lineup;
    this.turns = turns;
  }

  /** Measures one load; a result for each subject. */
  public List<LatencyResult> measure(LatencyLoop loop, int payload, Rounds rounds)
      throws BenchException {
    List<Course> courses = new ArrayList<>();
    for (Subject subject : lineup.subjects()) {
      courses.add(new Course(subject, subject.roundTrip(payload)));
    }
    long begin = System.nanoTime();
    List<List<Histogram>> histograms =
        turns.take(
            courses,
            rounds,
            (course, nanos) -> course.run(loop, nanos, samples),
            (course, nanos) -> {
              Histogram histogram = course.run(loop, nanos, samples);
              course.add(samples, histogram, begin);
              return histogram;
            });
    List<Percentiles> micros = histograms.stream().map(Percentiles::of).toList();
    Percentiles peer = lineup.ofPeer(micros);
    List<LatencyResult> results = new ArrayList<>();
    for (int i = 0; i < courses.size(); i++) {
      Course course = courses.get(i);
      Percentiles own = micros.get(i);
      results.add(
          new LatencyResult(
              course.subject.name(),
              loop.label(),
              payload,
              course.all.getTotalCount(),
              own,
              own.to(micros.get(0)),
              peer == null ? null : own.to(peer),
              course.curve(),
              course.series));
    }
    return results;
  }

  /** The rounds of one subject. */
  private static final class Course {
    private final Subject subject;
    private final RoundTrip roundTrip;
    private final List<double[]> series = new ArrayList<>();
    private final Histogram all = Samples.newHistogram();

    Course(Subject subject, RoundTrip roundTrip) {
      this.subject = subject;
      this.roundTrip = roundTrip;
    }

    Histogram run(LatencyLoop loop, long nanos, Samples samples) throws BenchException {
      loop.run(roundTrip, nanos, samples);
      subject.rest();
      return samples.histogram();
    }

    void add(Samples samples, Histogram histogram, long begin) {
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
      return new double[] {(samples.end(from) - begin) / 1e9, Spread.of(micros).median(), max};
    }

    /** Pairs of percentile and µs, as far as the samples reach. */
    List<double[]> curve() {
      List<double[]> curve = new ArrayList<>();
      for (double percentile : CURVE) {
        if (all.getTotalCount() * (1 - percentile / 100) >= 1) {
          curve.add(new double[] {percentile, Percentiles.micros(all, percentile)});
        }
      }
      return curve;
    }
  }
}
