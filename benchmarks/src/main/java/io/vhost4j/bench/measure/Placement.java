package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which processors the driver and what it is measured against may run on. Waking a thread on
 * another processor can take ten times what the rest of a round trip takes: if the scheduler
 * chooses, chance decides.
 */
public enum Placement {
  /** Wherever the scheduler puts them. */
  FREE,
  /** All on one processor: what the software costs. */
  SAME,
  /** The driver on one processor, the others on a second: as with a guest that keeps running. */
  APART;

  private static final Pattern RANGE = Pattern.compile("(\\d+)(?:-(\\d+))?");

  /** What suits this machine if nobody chose. */
  public static Placement usual() {
    return Runtime.getRuntime().availableProcessors() > 1 ? APART : SAME;
  }

  /** Its name in tables and on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Where the calling thread was before; closing moves it back there. */
  @FunctionalInterface
  public interface Placed extends AutoCloseable {
    @Override
    void close() throws BenchException;
  }

  /**
   * Moves the calling thread, which is the driver, and the processes of the line-up.
   *
   * @return moves the calling thread back, or what it starts later would stay where it is
   * @throws BenchException if one of them cannot be moved
   */
  public Placed apply(Lineup lineup) throws BenchException {
    if (this == FREE) {
      return () -> {};
    }
    String allowed = allowedList();
    List<Integer> cpus = cpus(allowed);
    int others = this == SAME ? 0 : 1;
    if (cpus.size() <= others) {
      throw new BenchException("--place=apart needs two processors, this process may use one");
    }
    for (Subject subject : lineup.subjects()) {
      if (subject.pid().isEmpty()) {
        throw new BenchException(
            "%s has no process of its own that could be moved: give --place=free"
                .formatted(subject.name()));
      }
      move("-apc", cpus.get(others).toString(), subject.pid().getAsLong());
    }
    long thread = thread();
    move("-pc", cpus.get(0).toString(), thread);
    return () -> move("-pc", allowed, thread);
  }

  private static long thread() throws BenchException {
    try {
      // "PID/task/TID"
      Path thread = Files.readSymbolicLink(Path.of("/proc/thread-self"));
      return Long.parseLong(thread.getFileName().toString());
    } catch (IOException e) {
      throw new BenchException("/proc does not tell the number of a thread", e);
    }
  }

  private static void move(String option, String cpus, long id) throws BenchException {
    try {
      Process taskset =
          new ProcessBuilder("taskset", option, cpus, Long.toString(id))
              .redirectOutput(Redirect.DISCARD)
              .redirectError(Redirect.DISCARD)
              .start();
      if (taskset.waitFor() != 0) {
        throw new IOException("status " + taskset.exitValue());
      }
    } catch (IOException e) {
      throw new BenchException(
          "taskset cannot move process %d (%s): give --place=free".formatted(id, e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  /** The processors that the calling thread may use, for example {@code 0-3,6}. */
  private static String allowedList() throws BenchException {
    try (var lines = Files.lines(Path.of("/proc/thread-self/status"))) {
      return lines
          .filter(line -> line.startsWith("Cpus_allowed_list:"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("0");
    } catch (IOException e) {
      throw new BenchException("/proc does not tell which processors there are", e);
    }
  }

  private static List<Integer> cpus(String list) {
    List<Integer> cpus = new ArrayList<>();
    Matcher range = RANGE.matcher(list);
    while (range.find()) {
      int first = Integer.parseInt(range.group(1));
      int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
      for (int cpu = first; cpu <= last; cpu++) {
        cpus.add(cpu);
      }
    }
    return cpus;
  }
}
