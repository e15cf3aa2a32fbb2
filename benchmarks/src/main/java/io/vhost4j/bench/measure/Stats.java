package io.vhost4j.bench.measure;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** Numbers out of rounds. */
public final class Stats {
  private Stats() {}

  /** The middle of some values, NaN of none. */
  public static double median(double... values) {
    double[] sorted = values.clone();
    java.util.Arrays.sort(sorted);
    int middle = sorted.length / 2;
    if (sorted.length == 0) {
      return Double.NaN;
    }
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The middle of what {@code value} gives for each round. */
  public static <T> double median(List<T> rounds, ToDoubleFunction<T> value) {
    return median(rounds.stream().mapToDouble(value).toArray());
  }

  /** The middle of the ratios of rounds that stood side by side. */
  public static <T> double medianRatio(List<T> rounds, List<T> base, ToDoubleFunction<T> value) {
    double[] ratios = new double[Math.min(rounds.size(), base.size())];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = value.applyAsDouble(rounds.get(i)) / value.applyAsDouble(base.get(i));
    }
    return median(ratios);
  }
}
