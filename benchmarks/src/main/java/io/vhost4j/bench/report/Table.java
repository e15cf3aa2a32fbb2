package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A table: the first column is text, the others are numbers as a rule, with a line of heads. A
 * column in which no row has a value is left out.
 */
public final class Table {
  /** What a terminal or a page of text has room for. */
  static final int WIDTH = 100;

  private static final String GAP = "  ";

  /** Text is not folded into less than this. */
  private static final int LEAST_TEXT = 22;

  private final int keys;
  private final List<List<String>> all = new ArrayList<>();

  /** A table of which the first column says what a row is about. */
  public Table(String... heads) {
    this(1, heads);
  }

  private Table(int keys, String... heads) {
    this.keys = keys;
    all.add(List.of(heads));
  }

  /**
   * A table of which the first {@code keys} columns say what a row is about; they are repeated
   * where the columns do not fit in one line.
   */
  static Table withKeys(int keys, String... heads) {
    return new Table(keys, heads);
  }

  List<String> heads() {
    return shown().get(0);
  }

  List<List<String>> rows() {
    List<List<String>> shown = shown();
    return shown.subList(1, shown.size());
  }

  /** All lines, without the columns that have no value. */
  private List<List<String>> shown() {
    List<Integer> columns =
        IntStream.range(0, all.get(0).size()).filter(this::hasValue).boxed().toList();
    return all.stream().map(row -> columns.stream().map(row::get).toList()).toList();
  }

  private boolean hasValue(int column) {
    return column < keys || all.stream().skip(1).anyMatch(row -> !row.get(column).matches("-?"));
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
    all.add(Arrays.stream(cells).map(Table::text).toList());
    return this;
  }

  private static String text(Object cell) {
    if (cell instanceof Double number) {
      return number(number);
    }
    return cell instanceof Spread spread ? spread(spread) : cell.toString();
  }

  /** The median, and behind it the middle half of the rounds if there is more than one. */
  private static String spread(Spread spread) {
    String median = number(spread.median());
    if (spread.rounds().size() < 2 || Double.isNaN(spread.median())) {
      return median;
    }
    int point = median.indexOf('.');
    String format = "%." + (point < 0 ? 0 : median.length() - point - 1) + "f";
    return "%s (%s..%s)"
        .formatted(median, format.formatted(spread.low()), format.formatted(spread.high()));
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

  /** Whether a cell is a number, or stands for none or for any. */
  static boolean isNumber(String cell) {
    return cell.matches("[-0-9.() ]*|any");
  }

  /**
   * The table as text of at most {@link #WIDTH} columns: where it is wider, heads are folded, then
   * text; then the last columns follow below, with the keys again.
   */
  @Override
  public String toString() {
    List<List<String>> lines = shown();
    int columns = lines.get(0).size();
    int[] widths = new int[columns];
    boolean[] isText = new boolean[columns];
    for (int i = 0; i < columns; i++) {
      int column = i;
      widths[i] = lines.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
      isText[i] = i == 0 || lines.stream().skip(1).anyMatch(row -> !isNumber(row.get(column)));
    }
    if (width(widths) > WIDTH) {
      fold(lines, widths, isText);
    }
    List<String> blocks = new ArrayList<>();
    int next = keys;
    while (next < columns || blocks.isEmpty()) {
      List<Integer> block = new ArrayList<>(IntStream.range(0, keys).boxed().toList());
      int width = IntStream.range(0, keys).map(i -> widths[i] + GAP.length()).sum() - GAP.length();
      do {
        width += next < columns ? GAP.length() + widths[next] : 0;
        block.add(next++);
      } while (next < columns && width + GAP.length() + widths[next] <= WIDTH);
      block.removeIf(column -> column >= columns);
      blocks.add(
          Stream.concat(
                  printed(lines.get(0), true, block, widths, isText),
                  lines.stream().skip(1).flatMap(row -> printed(row, false, block, widths, isText)))
              .collect(Collectors.joining("\n")));
    }
    return String.join("\n\n", blocks);
  }

  private static int width(int[] widths) {
    return Arrays.stream(widths).sum() + GAP.length() * (widths.length - 1);
  }

  /** Makes columns narrower, down to what heads and text can be folded into. */
  private static void fold(List<List<String>> lines, int[] widths, boolean[] isText) {
    for (int i = 0; i < widths.length; i++) {
      int column = i;
      int cells = lines.stream().skip(1).mapToInt(row -> row.get(column).length()).max().orElse(0);
      widths[i] = Math.max(cells, longestPiece(lines.get(0).get(i), true));
    }
    int over = width(widths) - WIDTH;
    while (over > 0) {
      int widest = -1;
      int least = 0;
      for (int i = 0; i < widths.length; i++) {
        int column = i;
        int words =
            lines.stream()
                .skip(1)
                .mapToInt(row -> longestPiece(row.get(column), false))
                .max()
                .orElse(0);
        int limit = Math.max(LEAST_TEXT, words);
        if (isText[i] && widths[i] > limit && (widest < 0 || widths[i] > widths[widest])) {
          widest = i;
          least = limit;
        }
      }
      if (widest < 0) {
        return;
      }
      widths[widest] = Math.max(least, widths[widest] - Math.max(1, over / 8));
      over = width(widths) - WIDTH;
    }
  }

  private static int longestPiece(String text, boolean isHead) {
    return pieces(text, isHead).mapToInt(piece -> piece.strip().length()).max().orElse(0);
  }

  /** What is not folded: words; a head also begins a new line with a slash. */
  private static Stream<String> pieces(String text, boolean isHead) {
    return Arrays.stream(text.split(isHead ? "(?<= )|(?=/)" : "(?<= )", -1));
  }

  private static Stream<String> printed(
      List<String> row, boolean isHead, List<Integer> columns, int[] widths, boolean[] isText) {
    List<List<String>> cells =
        columns.stream().map(column -> folded(row.get(column), isHead, widths[column])).toList();
    int height = cells.stream().mapToInt(List::size).max().orElse(0);
    return IntStream.range(0, height)
        .mapToObj(
            y -> {
              StringBuilder line = new StringBuilder();
              for (int i = 0; i < cells.size(); i++) {
                List<String> cell = cells.get(i);
                int at = isHead ? y - (height - cell.size()) : y; // heads stand on the line below
                String text = at >= 0 && at < cell.size() ? cell.get(at) : "";
                int column = columns.get(i);
                String padding = " ".repeat(widths[column] - text.length());
                line.append(i == 0 ? "" : GAP)
                    .append(isText[column] ? text + padding : padding + text);
              }
              return line.toString().stripTrailing();
            });
  }

  private static List<String> folded(String text, boolean isHead, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    pieces(text, isHead)
        .forEach(
            piece -> {
              if (!line.isEmpty() && (line + piece).strip().length() > width) {
                lines.add(line.toString().strip());
                line.setLength(0);
              }
              line.append(piece);
            });
    lines.add(line.toString().strip());
    return lines;
  }
}
