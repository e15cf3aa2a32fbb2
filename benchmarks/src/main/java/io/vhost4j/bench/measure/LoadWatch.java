package io.vhost4j.bench.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks at what else the machine does: when it is made, and then between turns, when nothing of the
 * benchmark is at work but the thread that looks.
 */
public final class LoadWatch {
  /** What was measured may poll for a moment after its turn. */
  private static final long SETTLE_NANOS = 2_000_000;

  private final String averages;
  private final int before;
  private final List<Integer> during = new ArrayList<>();

  /** Looks for the first time. */
  public LoadWatch() {
    String load = read();
    averages = averages(load);
    before = others(load);
  }

  /** To be called between turns. */
  void look() {
    LockSupport.parkNanos(SETTLE_NANOS);
    during.add(others(read()));
  }

  /** What has been seen so far. */
  public MachineLoad seen() {
    double median = during.isEmpty() ? 0 : Spread.of(during, Integer::doubleValue).median();
    int most = during.stream().mapToInt(count -> count).max().orElse(0);
    return new MachineLoad(averages, before, during.size(), median, most, averages(read()));
  }

  /**
   * For example "0.20 0.18 0.12 2/80 11206": averages, tasks that run of all, the last one's id.
   */
  private static String read() {
    try {
      return Files.readString(Path.of("/proc/loadavg")).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("/proc/loadavg cannot be read", e);
    }
  }

  static String averages(String load) {
    return load.replaceFirst("^(\\S+ \\S+ \\S+).*", "$1");
  }

  /** Tasks that run or wait for a processor, but for the thread that asks. */
  static int others(String load) {
    return Integer.parseInt(load.replaceFirst("^\\S+ \\S+ \\S+ (\\d+)/.*", "$1")) - 1;
  }
}
