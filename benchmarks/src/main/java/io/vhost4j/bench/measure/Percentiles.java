package io.vhost4j.bench.measure;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** Points of a distribution: durations in µs, or ratios of them. */
public record Percentiles(double p50, double p90, double p99, double p999, double max) {
  private static final double NANOS_PER_MICRO = 1000;

  static Percentiles of(Histogram histogram) {
    return new Percentiles(
        micros(histogram, 50),
        micros(histogram, 90),
        micros(histogram, 99),
        micros(histogram, 99.9),
        histogram.getMaxValue() / NANOS_PER_MICRO);
  }

  static double micros(Histogram histogram, double percentile) {
    return histogram.getValueAtPercentile(percentile) / NANOS_PER_MICRO;
  }

  /** Each point the median of that of the rounds. */
  static Percentiles median(List<Percentiles> rounds) {
    return each(value -> Stats.median(rounds, value));
  }

  /** Each point the median of the ratios of rounds side by side. */
  static Percentiles ratio(List<Percentiles> rounds, List<Percentiles> base) {
    return each(value -> Stats.medianRatio(rounds, base, value));
  }

  private interface Reduction {
    double of(ToDoubleFunction<Percentiles> value);
  }

  private static Percentiles each(Reduction reduction) {
    return new Percentiles(
        reduction.of(Percentiles::p50),
        reduction.of(Percentiles::p90),
        reduction.of(Percentiles::p99),
        reduction.of(Percentiles::p999),
        reduction.of(Percentiles::max));
  }
}
