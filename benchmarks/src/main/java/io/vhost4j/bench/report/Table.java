package io.vhost4j.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table for the console: the first column is text, the others are numbers, with a line of heads.
 */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  public Table(String... heads) {
    rows.add(List.of(heads));
  }

  /** Adds a row of as many cells as there are heads. */
  public Table row(Object... cells) {
    rows.add(java.util.Arrays.stream(cells).map(Table::text).toList());
    return this;
  }

  private static String text(Object cell) {
    if (cell instanceof Double number) {
      return number(number);
    }
    return cell.toString();
  }

  /** Three digits, or as many as are before the point. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    if (size >= 100 || size == 0) {
      return "%.0f".formatted(value);
    }
    return size >= 10
        ? "%.1f".formatted(value)
        : size >= 0.1 ? "%.2f".formatted(value) : "%.3f".formatted(value);
  }

  @Override
  public String toString() {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    return rows.stream().map(row -> line(row, widths)).collect(Collectors.joining("\n"));
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      String padding = " ".repeat(widths[i] - row.get(i).length());
      line.append(i == 0 ? row.get(i) + padding : "  " + padding + row.get(i));
    }
    return line.toString().stripTrailing();
  }
}
