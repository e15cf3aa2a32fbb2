package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.RequestResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A report as one HTML file without anything outside of it, for screens, phones and paper. */
public final class Page {
  private final Results results;
  private final Charts charts;
  private final StringBuilder html = new StringBuilder();

  private Page(Results results) {
    this.results = results;
    this.charts = new Charts(results);
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
    html.append("<title>vhost4j benchmarks</title>\n<style>\n");
    html.append(resource("plot.css")).append(resource("style.css"));
    html.append("</style></head><body>\n<h1>vhost4j benchmarks</h1>\n");
    html.append("<p class=\"about\">%s</p>\n".formatted(escape(Summary.about(results))));
    html.append("<p class=\"about\"><code>%s</code></p>\n".formatted(escape(results.command())));
    if (results.quick()) {
      html.append("<p class=\"warning\">%s</p>\n".formatted(Summary.QUICK));
    }
    heading("Goals", Summary.how(results));
    table("goals", Tables.goals(Goals.of(results)));
    results.latency().forEach(this::latency);
    results.throughput().forEach(this::throughput);
    scale();
    heading("Footprint", "Daemons with nothing to do; start is from exec to being ready.");
    table(Tables.footprint(results.footprint()));
    heading(
        "Allocation",
        "What JMH counts (gc.alloc.rate.norm) for one operation: a buffer, a request.");
    table(Tables.allocation(results.allocation()));
    if (results.collections() != null) {
      table(Tables.collections(results.collections()));
    }
    if (!results.guest().isEmpty()) {
      heading(
          "Guest",
          "Periods of 10 ms played with aplay in a Linux guest under QEMU, without hardware"
              + " virtualisation: µs and context switches for each period. Host: QEMU and the"
              + " daemon.");
      table(Tables.guest(results.guest()));
    }
    if (!results.loopback().isEmpty()) {
      loopback(results.loopback());
    }
    if (!results.requests().isEmpty()) {
      requests(results.requests());
    }
    html.append("</body></html>\n");
  }

  private void latency(String place, List<LatencyResult> latency) {
    heading(
        "Latency, processors: " + place,
        "From publishing a buffer and kicking to seeing the notification that it was used, in µs."
            + " The floor is a signal to another process and back. Closed: each buffer is sent when"
            + " the one before is back. At a rate: sent at fixed times, and counted from these.");
    legend(latency, LatencyResult::subject, result -> charts.style(result.subject()));
    html.append("<div class=\"plots\">");
    latency.stream()
        .collect(
            Collectors.groupingBy(
                result -> "%s, %d bytes".formatted(result.loop(), result.payload()),
                LinkedHashMap::new,
                Collectors.toList()))
        .forEach(
            (load, group) -> {
              figure(load + ": percentiles", charts.percentiles(group));
              figure(load + ": medians (lines) and worst (dots) over time", charts.course(group));
            });
    html.append("</div>\n");
    table(Tables.latency(latency));
  }

  private void requests(List<RequestResult> requests) {
    heading("Requests", Summary.REQUESTS);
    legend(
        requests,
        result -> result.latency().subject(),
        result -> charts.style(result.latency().subject()));
    html.append("<div class=\"plots\">");
    requests.stream()
        .collect(
            Collectors.groupingBy(
                result -> "%s, %s".formatted(result.request(), result.machine()),
                LinkedHashMap::new,
                Collectors.mapping(RequestResult::latency, Collectors.toList())))
        .forEach((load, group) -> figure(load + ": percentiles", charts.percentiles(group)));
    html.append("</div>\n");
    table(Tables.requests(requests));
  }

  private void throughput(String place, List<ThroughputResult> throughput) {
    heading(
        "Throughput, processors: " + place,
        "Buffers in a second with so many of them under way. The floor does one echo at a time,"
            + " whatever the window.");
    legend(throughput, ThroughputResult::subject, result -> charts.style(result.subject()));
    html.append("<div class=\"plots\">");
    throughput.stream()
        .collect(
            Collectors.groupingBy(
                ThroughputResult::payload, LinkedHashMap::new, Collectors.toList()))
        .forEach(
            (payload, group) ->
                figure(payload + " bytes: buffers in a second", charts.throughput(group)));
    html.append("</div>\n");
    table(Tables.throughput(throughput));
  }

  private void scale() {
    heading(
        "Scale",
        "Streams of 10 ms periods: ours in one process on up to 16 devices, the peer in one process"
            + " for each. Who keeps time: the driver, or the device as well, which is what playing"
            + " in real time costs. Late: a device had not given a period back a period after it"
            + " was due. Stalls: the driver itself was held up by the machine.");
    List<ScaleResult> scale = results.scale();
    legend(scale, Charts::load, charts::style);
    html.append("<div class=\"plots\">");
    figure(
        "processor time for a stream and second",
        charts.scale(scale, "ms", ScaleResult::cpuMillisPerStreamSecond));
    figure(
        "processor time of the processes",
        charts.scale(scale, "% of one processor", result -> Spread.of(result.cpuPercent())));
    figure("memory", charts.scale(scale, "MB (PSS)", result -> Spread.of(result.megabytes())));
    figure("late periods", charts.scale(scale, "%", result -> Spread.of(result.missPercent())));
    html.append("</div>\n");
    table(Tables.scale(scale));
  }

  private void loopback(List<LoopbackResult> loopback) {
    heading("Loopback", Summary.LOOPBACK);
    legend(loopback, LoopbackResult::way, charts::style);
    html.append("<div class=\"plots\">");
    Charts.byMachine(loopback)
        .forEach(
            (machine, group) -> {
              figure(
                  machine + ": sound that goes through",
                  charts.loopback(group, "MB/s", LoopbackResult::megabytesPerSecond));
              figure(
                  machine + ": processor time for a buffer",
                  charts.loopback(group, "µs", LoopbackResult::cpuMicros));
            });
    html.append("</div>\n");
    table(Tables.loopback(loopback));
    table(Tables.copies(loopback));
  }

  private void heading(String title, String text) {
    html.append("<h2>%s</h2>\n<p>%s</p>\n".formatted(escape(title), escape(text)));
  }

  private <T> void legend(List<T> of, Function<T, String> name, Function<T, String> style) {
    Map<String, String> styles = new LinkedHashMap<>();
    of.forEach(each -> styles.putIfAbsent(name.apply(each), style.apply(each)));
    html.append("<p class=\"legend\">");
    styles.forEach(
        (own, its) -> html.append("<span class=\"%s\">%s</span> ".formatted(its, escape(own))));
    html.append("</p>\n");
  }

  private void figure(String caption, Plot plot) {
    html.append("<figure><figcaption>").append(escape(caption)).append("</figcaption>");
    html.append(plot.svg()).append("</figure>\n");
  }

  private void table(Table table) {
    table("figures", table);
  }

  private void table(String style, Table table) {
    html.append("<div class=\"table\"><table class=\"%s\"><tr>".formatted(style));
    table.heads().forEach(head -> html.append("<th>").append(escape(head)).append("</th>"));
    html.append("</tr>\n");
    for (List<String> row : table.rows()) {
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
    return Table.isNumber(cell) ? "number" : "text";
  }

  /** The text of a file of this package. */
  static String resource(String name) {
    try (InputStream stream = Page.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(stream).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name + " in the jar cannot be read", e);
    }
  }

  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
