package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Results as plots. The subjects of a line-up have the styles s0 (the floor), s1 and so on, in its
 * order.
 */
final class Charts {
  private Charts() {}

  /** Percentiles of one load. */
  static Plot percentiles(List<LatencyResult> load) {
    Plot plot =
        new Plot(
            Axis.percentiles(max(load, result -> lastOf(result.curve())[0])),
            Axis.logarithmic(
                "µs",
                min(load, result -> result.curve().get(0)[1]),
                max(load, result -> lastOf(result.curve())[1])));
    for (int i = 0; i < load.size(); i++) {
      plot.line("s" + i, load.get(i).curve(), false);
    }
    return plot;
  }

  /** The course of one load: medians as lines, the worst as dots. */
  static Plot course(List<LatencyResult> load) {
    List<double[]> all = load.stream().flatMap(result -> result.series().stream()).toList();
    Plot plot =
        new Plot(
            Axis.linear("s", max(all, slice -> slice[0])),
            Axis.logarithmic("µs", min(all, slice -> slice[1]), max(all, slice -> slice[2])));
    for (int i = 0; i < load.size(); i++) {
      List<double[]> slices = load.get(i).series();
      plot.line("points s" + i, slices.stream().map(s -> new double[] {s[0], s[2]}).toList(), true);
      plot.line("s" + i, slices, false);
    }
    return plot;
  }

  /** Buffers in a second over the window. */
  static Plot throughput(List<ThroughputResult> payload) {
    return lines(
        payload,
        ThroughputResult::subject,
        "buffers under way",
        ThroughputResult::window,
        "buffers/s",
        ThroughputResult::perSecond,
        0);
  }

  /** Something over the number of streams. */
  static Plot scale(List<ScaleResult> results, String unit, ToDoubleFunction<ScaleResult> value) {
    return lines(results, Charts::load, "streams", ScaleResult::streams, unit, value, 1);
  }

  /** The name of a load of streams. */
  static String load(ScaleResult result) {
    return result.subject() + ", pace: " + result.pace();
  }

  /**
   * One line for each name, over powers of two.
   *
   * @param firstStyle number of the style of the first
   */
  private static <T> Plot lines(
      List<T> results,
      Function<T, String> name,
      String xLabel,
      ToDoubleFunction<T> x,
      String yLabel,
      ToDoubleFunction<T> y,
      int firstStyle) {
    Plot plot =
        new Plot(
            Axis.doubling(xLabel, (int) min(results, x), (int) max(results, x)),
            Axis.linear(yLabel, max(results, y)));
    int style = firstStyle;
    for (String own : results.stream().map(name).distinct().toList()) {
      plot.line(
          "s" + style++,
          results.stream()
              .filter(result -> name.apply(result).equals(own))
              .map(result -> new double[] {x.applyAsDouble(result), y.applyAsDouble(result)})
              .toList(),
          true);
    }
    return plot;
  }

  private static <T> double max(List<T> results, ToDoubleFunction<T> value) {
    return results.stream().mapToDouble(value).max().orElse(1);
  }

  private static <T> double min(List<T> results, ToDoubleFunction<T> value) {
    return results.stream().mapToDouble(value).min().orElse(1);
  }

  private static <T> T lastOf(List<T> list) {
    return list.get(list.size() - 1);
  }
}
