package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What some processes have used since they were started; threads that have ended do not count.
 *
 * @param cpuNanos time on a processor, as the scheduler counts it
 * @param switches context switches, wanted and unwanted: how often a thread was given a processor
 * @param wakeUps wanted context switches: how often a thread went to sleep
 */
public record Usage(long cpuNanos, long switches, long wakeUps) {
  /** Of {@code /proc/PID/stat}: utime, stime, and both of children. */
  private static final int FIRST_TIME = 14;

  private static final long TICK_NANOS = 10_000_000;

  private static final Usage NOTHING = new Usage(0, 0, 0);

  /** Reads it from /proc. */
  public static Usage of(List<Long> pids) throws BenchException {
    Usage sum = NOTHING;
    for (long pid : pids) {
      try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
        for (Path thread : threads.toList()) {
          sum = sum.plus(ofThread(thread));
        }
      } catch (IOException e) {
        throw new BenchException("process " + pid + " has ended", e);
      }
    }
    return sum;
  }

  private static Usage ofThread(Path thread) throws IOException {
    try {
      String schedule = Files.readString(thread.resolve("schedstat"));
      long nanos = Long.parseLong(schedule.substring(0, schedule.indexOf(' ')));
      String status = Files.readString(thread.resolve("status"));
      long wanted = number(status, "voluntary_ctxt_switches:");
      return new Usage(nanos, wanted + number(status, "nonvoluntary_ctxt_switches:"), wanted);
    } catch (NoSuchFileException e) {
      return NOTHING; // it has just ended
    }
  }

  /**
   * Processor time of a process and all that came from it, with children that have ended and that
   * somebody has waited for, in ns; exact to 10 ms for each process.
   */
  public static long cpuOfTree(ProcessHandle root) {
    return Stream.concat(Stream.of(root), root.descendants())
        .mapToLong(process -> cpuWithChildren(process.pid()))
        .sum();
  }

  private static long cpuWithChildren(long pid) {
    try {
      String line = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // Behind the name in brackets, which may have blanks: from the state, field 3, on.
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = 0;
      for (int field = FIRST_TIME; field < FIRST_TIME + 4; field++) {
        ticks += Long.parseLong(fields[field - 3]);
      }
      return ticks * TICK_NANOS;
    } catch (IOException e) {
      return 0; // it has just ended
    }
  }

  /** The number on the line that starts with a name, 0 if there is none. */
  static long number(String lines, String name) {
    return lines
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.replaceAll("[^0-9]", ""))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }

  /**
   * Memory of some processes, shared memory counted in parts (PSS).
   *
   * @return in bytes; what of it is shared with this process as guest memory counts too
   */
  public static long memory(List<Long> pids) throws BenchException {
    long bytes = 0;
    for (long pid : pids) {
      try {
        String rollup = Files.readString(Path.of("/proc/" + pid + "/smaps_rollup"));
        bytes += 1024 * number(rollup, "Pss:");
      } catch (IOException e) {
        throw new BenchException("the memory of process " + pid + " cannot be read", e);
      }
    }
    return bytes;
  }

  /** Number of threads of a process. */
  public static int threads(long pid) throws BenchException {
    try {
      return (int) number(Files.readString(Path.of("/proc/" + pid + "/status")), "Threads:");
    } catch (IOException e) {
      throw new BenchException("process " + pid + " has ended", e);
    }
  }

  /** The sum of two. */
  Usage plus(Usage other) {
    return new Usage(cpuNanos + other.cpuNanos, switches + other.switches, wakeUps + other.wakeUps);
  }

  /** What was used since an earlier reading. */
  public Usage since(Usage earlier) {
    return new Usage(
        cpuNanos - earlier.cpuNanos, switches - earlier.switches, wakeUps - earlier.wakeUps);
  }
}
