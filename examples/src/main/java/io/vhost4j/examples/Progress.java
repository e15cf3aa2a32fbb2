package io.vhost4j.examples;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How far something is: on a terminal a bar that is gone when closed, elsewhere a line every few
 * seconds. One thread.
 */
final class Progress implements AutoCloseable {
  private static final long BAR_NANOS = 100_000_000L;
  private static final long LINE_NANOS = 3_000_000_000L;
  private static final int BAR_COLUMNS = 40;
  private static final String CLEAR_LINE = "\r\033[K";

  private final PrintStream out;
  private final boolean terminal;
  private final LongSupplier nanoTime;
  private final String task;
  private final double totalSeconds;
  private long shownAt;

  /**
   * Shows nothing yet.
   *
   * @param out where to show it
   * @param terminal whether that is a terminal
   * @param nanoTime a monotonic time in nanoseconds, usually {@code System::nanoTime}
   */
  Progress(
      PrintStream out, boolean terminal, LongSupplier nanoTime, String task, double totalSeconds) {
    this.out = out;
    this.terminal = terminal;
    this.nanoTime = nanoTime;
    this.task = task;
    this.totalSeconds = totalSeconds;
    shownAt = nanoTime.getAsLong();
  }

  /** Progress on stderr, so that results in a file stay alone. */
  static Progress onStderr(String task, double totalSeconds) {
    return new Progress(System.err, isTerminal(2), System::nanoTime, task, totalSeconds);
  }

  /** Call it often: it decides when there is something to show. */
  void show(double seconds) {
    long now = nanoTime.getAsLong();
    if (now - shownAt < (terminal ? BAR_NANOS : LINE_NANOS)) {
      return;
    }
    shownAt = now;
    String numbers = String.format(Locale.ROOT, "%.1f of %.1f s", seconds, totalSeconds);
    if (terminal) {
      int done = (int) (BAR_COLUMNS * Math.min(1, seconds / totalSeconds));
      String bar = "=".repeat(done) + " ".repeat(BAR_COLUMNS - done);
      out.printf("%s%-9s [%s] %s", CLEAR_LINE, task, bar, numbers);
      out.flush();
    } else {
      out.println(task + ": " + numbers);
    }
  }

  @Override
  public void close() {
    if (terminal) {
      out.print(CLEAR_LINE);
      out.flush();
    }
  }

  /** Java 17 has no {@code isatty}. */
  private static boolean isTerminal(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
