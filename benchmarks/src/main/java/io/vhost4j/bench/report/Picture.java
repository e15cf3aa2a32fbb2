package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The main results as one SVG file that needs nothing beside it, for a README. */
public final class Picture {
  private static final int PAYLOAD = 1920;
  private static final int GAP = 20;
  private static final int TITLE = 24;
  private static final int LEGEND_ROW = 24;
  private static final int LEGEND = 10 + 2 * LEGEND_ROW;
  private static final int ROW = TITLE + Plot.HEIGHT + GAP;
  private static final int LEGEND_COLUMNS = 3;
  private static final int WIDTH = 2 * Plot.WIDTH + 3 * GAP;

  private final StringBuilder svg = new StringBuilder();
  private final Charts charts;
  private int plots;

  /** Where the first row of plots begins. */
  private int top = LEGEND + GAP;

  private Picture(Results results) {
    charts = new Charts(results);
  }

  /** The text of the file. */
  public static String of(Results results) {
    Picture picture = new Picture(results);
    picture.build(results);
    return picture.svg.toString();
  }

  private void build(Results results) {
    Map<String, List<LoopbackResult>> loopback = Charts.byMachine(results.loopback());
    int height = LEGEND + 2 * ROW + GAP;
    if (!loopback.isEmpty()) {
      height += GAP + LEGEND_ROW + (loopback.size() + 1) / 2 * ROW;
    }
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
            .formatted(WIDTH, height, WIDTH, height));
    svg.append("<style>\n").append(Page.resource("plot.css")).append("</style>\n");
    svg.append("<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n".formatted(WIDTH, height));
    List<ThroughputResult> throughput = usual(results.throughput());
    legend(0, throughput, ThroughputResult::subject, result -> charts.style(result.subject()));
    plot(
        "Round trip of a 1920-byte buffer: percentiles, µs",
        charts.percentiles(usual(results.latency()).stream().filter(Picture::isShown).toList()));
    plot(
        "1920-byte buffers in a second",
        charts.throughput(
            throughput.stream().filter(result -> result.payload() == PAYLOAD).toList()));
    List<ScaleResult> driven =
        results.scale().stream().filter(result -> result.pace().equals("driver")).toList();
    plot(
        "Processor time for a stream and second",
        charts.scale(driven, "ms", ScaleResult::cpuMillisPerStreamSecond));
    plot(
        "Memory of all processes",
        charts.scale(driven, "MB (PSS)", result -> Spread.of(result.megabytes())));
    if (!loopback.isEmpty()) {
      legend(top + 2 * ROW, results.loopback(), LoopbackResult::way, charts::style);
      top += GAP + LEGEND_ROW;
    }
    loopback.forEach(
        (machine, group) ->
            plot(
                "Loopback, guest on %s: sound that goes through".formatted(machine),
                charts.loopback(group, "MB/s", LoopbackResult::megabytesPerSecond)));
    svg.append("</svg>\n");
  }

  /** Those of the last placement. */
  private static <T> List<T> usual(Map<String, List<T>> places) {
    return places.values().stream().reduce((first, last) -> last).orElse(List.of());
  }

  private static boolean isShown(LatencyResult result) {
    return result.payload() == PAYLOAD && result.loop().equals("closed");
  }

  private <T> void legend(int at, List<T> of, Function<T, String> name, Function<T, String> style) {
    Map<String, String> styles = new LinkedHashMap<>();
    of.forEach(each -> styles.putIfAbsent(name.apply(each), style.apply(each)));
    int i = 0;
    for (Map.Entry<String, String> entry : styles.entrySet()) {
      int x = GAP + i % LEGEND_COLUMNS * (WIDTH / LEGEND_COLUMNS);
      int y = at + (1 + i / LEGEND_COLUMNS) * LEGEND_ROW;
      svg.append("<path class=\"line %s\" d=\"M%d %dh24\"/>".formatted(entry.getValue(), x, y));
      svg.append(
          "<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n"
              .formatted(x + 32, y + 5, Page.escape(entry.getKey())));
      i++;
    }
  }

  private void plot(String title, Plot plot) {
    int x = GAP + plots % 2 * (Plot.WIDTH + GAP);
    int y = top + plots / 2 * ROW;
    plots++;
    svg.append("<g transform=\"translate(%d %d)\">".formatted(x, y));
    svg.append("<text class=\"title\" x=\"0\" y=\"12\">%s</text>".formatted(Page.escape(title)));
    svg.append("<g transform=\"translate(0 %d)\">%s</g></g>\n".formatted(TITLE, plot.drawing()));
  }
}
