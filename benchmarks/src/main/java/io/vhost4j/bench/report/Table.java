package io.vhost4j.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A table: the first column is text, the others are numbers as a rule, with a line of heads. */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  public Table(String... heads) {
    rows.add(List.of(heads));
  }

  List<String> heads() {
    return rows.get(0);
  }

  List<List<String>> rows() {
    return rows.subList(1, rows.size());
  }

  /** The table in Markdown. */
  String markdown() {
    return Stream.concat(
            Stream.of(heads(), heads().stream().map(head -> "---").toList()), rows().stream())
        .map(row -> row.stream().collect(Collectors.joining(" | ", "| ", " |")))
        .collect(Collectors.joining("\n"));
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
    int columns = heads().size();
    int[] widths = new int[columns];
    boolean[] isText = new boolean[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows()) {
      for (int i = 0; i < columns; i++) {
        isText[i] |= i == 0 || !isNumber(row.get(i));
      }
    }
    return rows.stream().map(row -> line(row, widths, isText)).collect(Collectors.joining("\n"));
  }

  /** Whether a cell is a number, or stands for none. */
  static boolean isNumber(String cell) {
    return cell.matches("[-0-9.]*");
  }

  private static String line(List<String> row, int[] widths, boolean[] isText) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      String padding = " ".repeat(widths[i] - row.get(i).length());
      line.append(i == 0 ? "" : "  ")
          .append(isText[i] ? row.get(i) + padding : padding + row.get(i));
    }
    return line.toString().stripTrailing();
  }
}
