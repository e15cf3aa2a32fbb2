package io.vhost4j.bench.measure;

import java.util.List;
import java.util.function.Function;
import org.HdrHistogram.Histogram;

/** Points of a distribution that each round has: durations in µs, or ratios of them. */
public record Percentiles(Spread p50, Spread p90, Spread p99, Spread p999, Spread max) {
  private static final double NANOS_PER_MICRO = 1000;

  /** Those of some rounds, in µs. */
  static Percentiles of(List<Histogram> rounds) {
    return new Percentiles(
        at(rounds, 50), at(rounds, 90), at(rounds, 99), at(rounds, 99.9), at(rounds, 100));
  }

  private static Spread at(List<Histogram> rounds, double percentile) {
    return Spread.of(rounds, round -> micros(round, percentile));
  }

  static double micros(Histogram histogram, double percentile) {
    return histogram.getValueAtPercentile(percentile) / NANOS_PER_MICRO;
  }

  /** The ratios to those of the same rounds of another subject. */
  Percentiles to(Percentiles base) {
    return each(point -> point.apply(this).to(point.apply(base)));
  }

  /** Those of all rounds of some. */
  static Percentiles together(List<Percentiles> parts) {
    return each(point -> Spread.together(parts.stream().map(point).toList()));
  }

  /** One that has the same at each point. */
  public static Percentiles all(Spread same) {
    return each(point -> same);
  }

  private static Percentiles each(Function<Function<Percentiles, Spread>, Spread> value) {
    return new Percentiles(
        value.apply(Percentiles::p50),
        value.apply(Percentiles::p90),
        value.apply(Percentiles::p99),
        value.apply(Percentiles::p999),
        value.apply(Percentiles::max));
  }
}
