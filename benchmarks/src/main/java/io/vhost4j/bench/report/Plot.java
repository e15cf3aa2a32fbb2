package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Lines over two axes, as SVG that takes its colours and its width from the page it stands in. Of
 * the same lines XChart makes forty times the bytes, in fixed colours, with text that is outlines.
 */
final class Plot {
  static final int WIDTH = 480;
  static final int HEIGHT = 300;
  private static final int LEFT = 64;
  private static final int RIGHT = 14;
  private static final int TOP = 12;
  private static final int BOTTOM = 44;

  private record Line(String style, List<double[]> points, boolean marked) {}

  private final Axis x;
  private final Axis y;
  private final List<Line> lines = new ArrayList<>();

  /** From the low to the high of some rounds, at an x. */
  private record Range(String style, double x, Spread y) {}

  private final List<Range> ranges = new ArrayList<>();

  Plot(Axis x, Axis y) {
    this.x = x;
    this.y = y;
  }

  /**
   * Adds a line.
   *
   * @param style its class in the style sheet
   * @param points pairs of x and y
   * @param marked whether each point shows as a dot
   */
  Plot line(String style, List<double[]> points, boolean marked) {
    lines.add(new Line(style, points, marked));
    return this;
  }

  /** Adds an upright line over the middle half of some rounds. */
  Plot range(String style, double at, Spread spread) {
    if (spread.rounds().size() > 1 && x.position(at) <= 1) {
      ranges.add(new Range(style, at, spread));
    }
    return this;
  }

  /** An image for a page. */
  String svg() {
    return "<svg viewBox=\"0 0 %d %d\" role=\"img\">%s</svg>\n".formatted(WIDTH, HEIGHT, drawing());
  }

  /** What is drawn, to be put in an image. */
  String drawing() {
    StringBuilder svg = new StringBuilder();
    for (Axis.Tick tick : x.ticks()) {
      double at = across(tick.value());
      add(svg, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", at, TOP, HEIGHT - BOTTOM);
      add(
          svg,
          "<text class=\"x\" x=\"%.1f\" y=\"%d\">%s</text>",
          at,
          HEIGHT - BOTTOM + 17,
          tick.text());
    }
    for (Axis.Tick tick : y.ticks()) {
      double at = down(tick.value());
      add(svg, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, at, WIDTH - RIGHT);
      add(svg, "<text class=\"y\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 6, at + 4, tick.text());
    }
    add(
        svg,
        "<text class=\"x\" x=\"%d\" y=\"%d\">%s</text>",
        (LEFT + WIDTH - RIGHT) / 2,
        HEIGHT - 6,
        x.label());
    add(
        svg,
        "<text class=\"x\" transform=\"translate(12 %d) rotate(-90)\">%s</text>",
        (TOP + HEIGHT - BOTTOM) / 2,
        y.label());
    lines.forEach(line -> draw(svg, line));
    for (Range range : ranges) {
      add(
          svg,
          "<path class=\"line range %s\" d=\"M%.1f %.1fV%.1f\"/>",
          range.style(),
          across(range.x()),
          down(range.y().low()),
          down(range.y().high()));
    }
    return svg.toString();
  }

  private void draw(StringBuilder svg, Line line) {
    StringBuilder path = new StringBuilder();
    for (double[] point : line.points()) {
      double[] at = {across(point[0]), down(point[1])};
      add(path, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", at[0], at[1]);
      if (line.marked()) {
        add(
            svg,
            "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
            line.style(),
            at[0],
            at[1]);
      }
    }
    add(svg, "<path class=\"line %s\" d=\"%s\"/>", line.style(), path);
  }

  private double across(double value) {
    return LEFT + Math.max(0, Math.min(1, x.position(value))) * (WIDTH - LEFT - RIGHT);
  }

  private double down(double value) {
    return HEIGHT - BOTTOM - Math.max(0, Math.min(1, y.position(value))) * (HEIGHT - TOP - BOTTOM);
  }

  private static void add(StringBuilder to, String format, Object... values) {
    to.append(String.format(Locale.ROOT, format, values));
  }
}
