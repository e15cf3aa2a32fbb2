package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Results as plots. A subject has the same style in all of them: s0 is the floor, s1 and so on the
 * others, in the order in which the report comes to them.
 */
final class Charts {
  /** In the style sheet. */
  private static final int STYLES = 6;

  private final List<String> subjects;

  Charts(Results results) {
    subjects =
        Stream.of(
                results.latency().values().stream()
                    .flatMap(List::stream)
                    .map(LatencyResult::subject),
                results.throughput().values().stream()
                    .flatMap(List::stream)
                    .map(ThroughputResult::subject),
                results.scale().stream().map(ScaleResult::subject),
                results.requests().stream().map(result -> result.latency().subject()))
            .flatMap(names -> names)
            .filter(name -> !Floor.is(name))
            .distinct()
            .toList();
  }

  /** The class of a subject in the style sheet. */
  String style(String subject) {
    return "s" + (Floor.is(subject) ? 0 : 1 + subjects.indexOf(subject) % (STYLES - 1));
  }

  /** The class of a load of streams: that of its subject, dashed where the device keeps time. */
  String style(ScaleResult result) {
    return style(result.subject()) + (result.pace().equals("device") ? " dashed" : "");
  }

  /** Percentiles of one load, some with the middle half of the rounds. */
  Plot percentiles(List<LatencyResult> load) {
    Plot plot =
        new Plot(
            Axis.percentiles(max(load, result -> lastOf(result.curve())[0])),
            Axis.logarithmic(
                "µs",
                min(load, result -> result.curve().get(0)[1]),
                max(load, result -> lastOf(result.curve())[1])));
    for (LatencyResult result : load) {
      plot.line(style(result.subject()), result.curve(), false);
      Percentiles micros = result.micros();
      plot.range(style(result.subject()), 50, micros.p50());
      plot.range(style(result.subject()), 90, micros.p90());
      plot.range(style(result.subject()), 99, micros.p99());
      plot.range(style(result.subject()), 99.9, micros.p999());
    }
    return plot;
  }

  /** The course of one load: medians as lines, the worst as dots. */
  Plot course(List<LatencyResult> load) {
    List<double[]> all = load.stream().flatMap(result -> result.series().stream()).toList();
    Plot plot =
        new Plot(
            Axis.linear("s", max(all, slice -> slice[0])),
            Axis.logarithmic("µs", min(all, slice -> slice[1]), max(all, slice -> slice[2])));
    for (LatencyResult result : load) {
      String style = style(result.subject());
      List<double[]> slices = result.series();
      plot.line(
          "points " + style, slices.stream().map(s -> new double[] {s[0], s[2]}).toList(), true);
      plot.line(style, slices, false);
    }
    return plot;
  }

  /** Buffers in a second over the window. */
  Plot throughput(List<ThroughputResult> payload) {
    return lines(
        payload,
        ThroughputResult::subject,
        result -> style(result.subject()),
        "buffers under way",
        ThroughputResult::window,
        "buffers/s",
        ThroughputResult::perSecond);
  }

  /** Something over the number of streams. */
  Plot scale(List<ScaleResult> results, String unit, Function<ScaleResult, Spread> value) {
    return lines(results, Charts::load, this::style, "streams", ScaleResult::streams, unit, value);
  }

  /** The class of a way to a device, in plots that have no other subjects. */
  String style(LoopbackResult result) {
    return "s"
        + switch (result.way()) {
          case "vhost-user" -> 1;
          case "loopback+daemon" -> 2;
          default -> 3;
        };
  }

  /** In the order in which they come. */
  static Map<String, List<LoopbackResult>> byMachine(List<LoopbackResult> results) {
    return results.stream()
        .collect(
            Collectors.groupingBy(
                LoopbackResult::machine, LinkedHashMap::new, Collectors.toList()));
  }

  /** Something over the size of buffers of sound, by each way of one machine to a device. */
  Plot loopback(List<LoopbackResult> machine, String unit, Function<LoopbackResult, Spread> value) {
    return lines(
        machine.stream().filter(result -> !result.load().equals("entropy")).toList(),
        LoopbackResult::way,
        this::style,
        "bytes in a buffer",
        LoopbackResult::bytes,
        unit,
        value);
  }

  /** The name of a load of streams. */
  static String load(ScaleResult result) {
    return result.subject() + ", pace: " + result.pace();
  }

  /** One line for each name, over powers of two, with the middle half of the rounds. */
  private static <T> Plot lines(
      List<T> results,
      Function<T, String> name,
      Function<T, String> style,
      String xLabel,
      ToDoubleFunction<T> x,
      String yLabel,
      Function<T, Spread> y) {
    Plot plot =
        new Plot(
            Axis.doubling(xLabel, (int) min(results, x), (int) max(results, x)),
            Axis.linear(yLabel, max(results, result -> y.apply(result).high())));
    for (String own : results.stream().map(name).distinct().toList()) {
      List<T> line = results.stream().filter(result -> name.apply(result).equals(own)).toList();
      plot.line(
          style.apply(line.get(0)),
          line.stream()
              .map(result -> new double[] {x.applyAsDouble(result), y.apply(result).median()})
              .toList(),
          true);
      line.forEach(
          result -> plot.range(style.apply(result), x.applyAsDouble(result), y.apply(result)));
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
