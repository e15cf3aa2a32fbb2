package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** A report as one HTML file without anything outside of it, for screens, phones and paper. */
public final class Page {
  private final Results results;
  private final StringBuilder html = new StringBuilder();

  private Page(Results results) {
    this.results = results;
  }

  /** The text of the file. */
  public static String of(Results results) {
    Page page = new Page(results);
    page.build();
    return page.html.toString();
  }

  private void build() {
    html.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.append("<title>vhost4j benchmarks</title>\n<style>\n").append(style()).append("</style>");
    html.append("</head><body>\n<h1>vhost4j benchmarks</h1>\n");
    intro();
    goals();
    results.latency().forEach(this::latency);
    throughput();
    scale();
    footprint();
    html.append("</body></html>\n");
  }

  private static String style() {
    try (InputStream style = Page.class.getResourceAsStream("style.css")) {
      return new String(Objects.requireNonNull(style).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("the style sheet in the jar cannot be read", e);
    }
  }

  private void intro() {
    Machine machine = results.machine();
    html.append("<p class=\"about\">");
    html.append(
        escape(
            "%s, on %s (%d processors), %s, measured by %s; load at the end %s."
                .formatted(
                    results.date(),
                    machine.cpu(),
                    machine.cpus(),
                    machine.kernel(),
                    machine.java(),
                    machine.load())));
    results
        .versions()
        .forEach((name, version) -> html.append(escape(" %s: %s.".formatted(name, version))));
    html.append("</p>\n<p class=\"about\"><code>").append(escape(results.command()));
    html.append("</code></p>\n");
    if (results.quick()) {
      html.append("<p class=\"warning\">A quick run: it shows that everything works, and its");
      html.append(" numbers mean nothing.</p>\n");
    }
  }

  private void goals() {
    List<List<String>> rows = new ArrayList<>();
    for (Goals.Goal goal : Goals.of(results)) {
      String mark = goal.reached() ? "reached" : "missed";
      rows.add(List.of(goal.what(), goal.wanted(), goal.measured(), mark));
    }
    heading("Goals", "Ratios are medians of rounds in which the subjects took turns.");
    table(List.of("what", "goal", "measured", ""), rows);
  }

  private void latency(String place, List<LatencyResult> latency) {
    heading(
        "Latency, processors: " + place,
        "From publishing a buffer and kicking to seeing the notification that it was used, in µs."
            + " The floor is a signal to another process and back. Closed: each buffer is sent when"
            + " the one before is back. At a rate: sent at fixed times, and counted from these.");
    legend(latency, LatencyResult::subject);
    html.append("<div class=\"plots\">");
    Map<String, List<LatencyResult>> loads = new LinkedHashMap<>();
    for (LatencyResult result : latency) {
      String load = "%s, %d bytes".formatted(result.loop(), result.payload());
      loads.computeIfAbsent(load, name -> new ArrayList<>()).add(result);
    }
    loads.forEach(
        (load, group) -> {
          figure(load + ": percentiles", curves(group));
          figure(load + ": medians (lines) and worst (dots) over time", series(group));
        });
    html.append("</div>\n");
    List<List<String>> rows = new ArrayList<>();
    for (LatencyResult result : latency) {
      rows.add(
          cells(
              result.subject(),
              result.loop(),
              result.payload(),
              result.micros().p50(),
              result.micros().p90(),
              result.micros().p99(),
              result.micros().p999(),
              result.micros().max(),
              result.toFloor().p50(),
              result.toFloor().p99(),
              result.toPeer() == null ? "" : result.toPeer().p50(),
              result.toPeer() == null ? "" : result.toPeer().p99()));
    }
    table(
        List.of(
            "",
            "loop",
            "bytes",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "max",
            "p50/floor",
            "p99/floor",
            "p50/peer",
            "p99/peer"),
        rows);
  }

  private static Plot curves(List<LatencyResult> group) {
    Plot plot =
        new Plot(
            Axis.percentiles(max(group, result -> lastOf(result.curve())[0])),
            Axis.logarithmic(
                "µs",
                min(group, result -> result.curve().get(0)[1]),
                max(group, result -> lastOf(result.curve())[1])));
    for (int i = 0; i < group.size(); i++) {
      plot.line("s" + i, group.get(i).curve(), false);
    }
    return plot;
  }

  private static Plot series(List<LatencyResult> group) {
    Plot plot =
        new Plot(
            Axis.linear("s", max(group, result -> lastOf(result.series())[0])),
            Axis.logarithmic(
                "µs",
                min(
                    group,
                    result -> result.series().stream().mapToDouble(s -> s[1]).min().orElse(1)),
                max(
                    group,
                    result -> result.series().stream().mapToDouble(s -> s[2]).max().orElse(1))));
    for (int i = 0; i < group.size(); i++) {
      List<double[]> slices = group.get(i).series();
      plot.line("points s" + i, slices.stream().map(s -> new double[] {s[0], s[2]}).toList(), true);
      plot.line("s" + i, slices, false);
    }
    return plot;
  }

  private void throughput() {
    heading(
        "Throughput",
        "Buffers in a second with so many of them under way. The floor does one echo at a time,"
            + " whatever the window.");
    legend(results.throughput(), ThroughputResult::subject);
    html.append("<div class=\"plots\">");
    results.throughput().stream()
        .collect(
            Collectors.groupingBy(
                ThroughputResult::payload, LinkedHashMap::new, Collectors.toList()))
        .forEach(
            (payload, group) ->
                figure(
                    payload + " bytes: buffers in a second",
                    lines(
                        group,
                        ThroughputResult::subject,
                        "buffers under way",
                        ThroughputResult::window,
                        "buffers/s",
                        ThroughputResult::perSecond,
                        true)));
    html.append("</div>\n");
    List<List<String>> rows = new ArrayList<>();
    for (ThroughputResult result : results.throughput()) {
      rows.add(
          cells(
              result.subject(),
              result.payload(),
              result.window(),
              result.perSecond(),
              result.megabytesPerSecond(),
              result.kicksPerBuffer(),
              result.wakeUpsPerBuffer(),
              result.toFloor(),
              result.toCopy(),
              result.toPeer() == null ? "" : result.toPeer()));
    }
    table(
        List.of(
            "",
            "bytes",
            "window",
            "buffers/s",
            "MB/s",
            "kicks/buffer",
            "wake-ups/buffer",
            "/floor",
            "/copy",
            "/peer"),
        rows);
  }

  private void scale() {
    heading(
        "Scale",
        "Streams of 10 ms periods: ours in one process on up to 16 devices, the peer in one process"
            + " for each. Who keeps time: the driver, or the device as well, which is what playing in"
            + " real time costs. Late: a device had not given a period back a period after it was"
            + " due.");
    List<ScaleResult> named = results.scale().stream().toList();
    Function<ScaleResult, String> name = result -> result.subject() + ", pace: " + result.pace();
    html.append("<p class=\"legend\">");
    List<String> names = named.stream().map(name).distinct().toList();
    for (int i = 0; i < names.size(); i++) {
      html.append("<span class=\"s%d\">%s</span> ".formatted(i + 1, escape(names.get(i))));
    }
    html.append("</p>\n<div class=\"plots\">");
    figure(
        "processor time for a stream and second",
        scaleLines(named, name, "ms", ScaleResult::cpuMillisPerStreamSecond));
    figure(
        "processor time of the processes",
        scaleLines(named, name, "% of one processor", ScaleResult::cpuPercent));
    figure("memory", scaleLines(named, name, "MB (PSS)", ScaleResult::megabytes));
    figure("late periods", scaleLines(named, name, "%", ScaleResult::missPercent));
    html.append("</div>\n");
    List<List<String>> rows = new ArrayList<>();
    for (ScaleResult result : named) {
      rows.add(
          cells(
              result.subject(),
              result.pace(),
              result.streams(),
              result.devices(),
              result.processes(),
              result.cpuMillisPerStreamSecond(),
              result.cpuPercent(),
              result.switchesPerBuffer(),
              result.missPercent(),
              result.driverCpuPercent(),
              result.driverStalls(),
              result.megabytes(),
              result.toPeer() == null ? "" : result.toPeer()));
    }
    table(
        List.of(
            "",
            "pace",
            "streams",
            "devices",
            "processes",
            "ms per stream-s",
            "CPU %",
            "switches/buffer",
            "late %",
            "driver's CPU %",
            "driver held up",
            "PSS MB",
            "CPU/peer"),
        rows);
  }

  private static Plot scaleLines(
      List<ScaleResult> scale,
      Function<ScaleResult, String> name,
      String unit,
      ToDoubleFunction<ScaleResult> value) {
    return lines(scale, name, "streams", ScaleResult::streams, unit, value, false);
  }

  /**
   * One line for each name, over powers of two; the first is drawn as the floor if there is one.
   */
  private static <T> Plot lines(
      List<T> results,
      Function<T, String> name,
      String xLabel,
      ToDoubleFunction<T> x,
      String yLabel,
      ToDoubleFunction<T> y,
      boolean floorFirst) {
    Plot plot =
        new Plot(
            Axis.doubling(xLabel, (int) min(results, x), (int) max(results, x)),
            Axis.linear(yLabel, max(results, y)));
    List<String> names = results.stream().map(name).distinct().toList();
    for (int i = 0; i < names.size(); i++) {
      String own = names.get(i);
      plot.line(
          "s" + (floorFirst ? i : i + 1),
          results.stream()
              .filter(result -> name.apply(result).equals(own))
              .map(result -> new double[] {x.applyAsDouble(result), y.applyAsDouble(result)})
              .toList(),
          true);
    }
    return plot;
  }

  private void footprint() {
    heading("Footprint", "Daemons with nothing to do; start is from exec to being ready.");
    List<List<String>> rows = new ArrayList<>();
    for (FootprintResult result : results.footprint()) {
      rows.add(
          cells(
              result.subject(),
              result.startMillis(),
              result.megabytes(),
              result.threads(),
              result.wakeUpsAlone(),
              result.wakeUpsConnected()));
    }
    table(
        List.of("", "start, ms", "PSS, MB", "threads", "wake-ups/s alone", "wake-ups/s connected"),
        rows);
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

  private static List<String> cells(Object... values) {
    List<String> cells = new ArrayList<>();
    for (Object value : values) {
      cells.add(value instanceof Double number ? Table.number(number) : value.toString());
    }
    return cells;
  }

  private void heading(String title, String text) {
    html.append("<h2>%s</h2>\n<p>%s</p>\n".formatted(escape(title), escape(text)));
  }

  private <T> void legend(List<T> of, Function<T, String> name) {
    List<String> names = of.stream().map(name).distinct().toList();
    html.append("<p class=\"legend\">");
    for (int i = 0; i < names.size(); i++) {
      html.append("<span class=\"s%d\">%s</span> ".formatted(i, escape(names.get(i))));
    }
    html.append("</p>\n");
  }

  private void figure(String caption, Plot plot) {
    html.append("<figure><figcaption>").append(escape(caption)).append("</figcaption>");
    html.append(plot.svg()).append("</figure>\n");
  }

  private void table(List<String> heads, List<List<String>> rows) {
    html.append("<div class=\"table\"><table><tr>");
    heads.forEach(head -> html.append("<th>").append(escape(head)).append("</th>"));
    html.append("</tr>\n");
    for (List<String> row : rows) {
      html.append("<tr>");
      for (String cell : row) {
        html.append("<td class=\"%s\">".formatted(kind(cell))).append(escape(cell)).append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</table></div>\n");
  }

  private static String kind(String cell) {
    if (cell.equals("reached") || cell.equals("missed")) {
      return cell;
    }
    return cell.matches("[-0-9.]*") ? "number" : "text";
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
