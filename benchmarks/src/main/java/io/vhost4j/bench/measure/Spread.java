package io.vhost4j.bench.measure;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * A figure of each round, and what they come to.
 *
 * @param median the middle of them, NaN if there are none
 * @param low a quarter of the rounds are below it
 * @param high a quarter of the rounds are above it
 * @param rounds the figures, by round
 */
public record Spread(double median, double low, double high, List<Double> rounds) {
  private static final int LEAST_ROUNDS = 3;

  /** What some figures come to. */
  public static Spread of(double... rounds) {
    double[] sorted = rounds.clone();
    Arrays.sort(sorted);
    return new Spread(
        quantile(sorted, 0.5),
        quantile(sorted, 0.25),
        quantile(sorted, 0.75),
        Arrays.stream(rounds).boxed().toList());
  }

  /** What {@code value} gives for each round. */
  public static <T> Spread of(List<T> rounds, ToDoubleFunction<T> value) {
    return of(rounds.stream().mapToDouble(value).toArray());
  }

  /** Between the two neighbours where no value has the place itself. */
  private static double quantile(double[] sorted, double part) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    double place = part * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** The ratios to another figure of the same rounds, so that what a round suffered cancels out. */
  public Spread to(Spread base) {
    int both = Math.min(rounds.size(), base.rounds.size());
    return of(
        IntStream.range(0, both).mapToDouble(i -> rounds.get(i) / base.rounds.get(i)).toArray());
  }

  /** The differences to another figure of the same rounds, in parts of {@code unit}. */
  public Spread minus(Spread base, double unit) {
    int both = Math.min(rounds.size(), base.rounds.size());
    return of(
        IntStream.range(0, both)
            .mapToDouble(i -> (rounds.get(i) - base.rounds.get(i)) / unit)
            .toArray());
  }

  /** All rounds of some. */
  public static Spread together(List<Spread> parts) {
    return of(
        parts.stream().flatMap(part -> part.rounds.stream()).mapToDouble(round -> round).toArray());
  }

  /**
   * Whether the rounds tell on which side of a limit the figure is: they lie no further from each
   * other (low to high) than the median from the limit. Fewer than three rounds tell nothing.
   */
  public boolean decides(double limit) {
    return rounds.size() >= LEAST_ROUNDS && high - low <= Math.abs(median - limit);
  }
}
