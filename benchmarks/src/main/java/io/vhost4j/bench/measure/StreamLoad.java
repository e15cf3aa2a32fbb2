package io.vhost4j.bench.measure;

import io.vertx.core.Context;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.Target;
import io.vhost4j.bench.workload.StreamWorkload;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Many streams of one or more processes, driven by one thread: each sends a buffer a period at
 * times of its own, spread evenly, as those of guests that know nothing of each other would.
 */
public final class StreamLoad implements AutoCloseable {
  /** From a buffer of any stream to the next of another while warming up. */
  private static final long WARM_UP_BUFFER_NANOS = 50_000;

  private final String name;
  private final List<ProcessTarget> processes;
  private final List<Streams> devices = new ArrayList<>();

  /* By order of their times: the device of each stream, and its number there. */
  private final List<Streams> deviceOf = new ArrayList<>();
  private final List<Integer> numberOf = new ArrayList<>();

  private final boolean pacedByDevice;
  private final long usualPeriodNanos;
  private long periodNanos;
  private long ticks;

  /**
   * Connects to everything and starts the streams.
   *
   * @param processes belong to the load, also if this fails
   * @param targets their devices
   * @param workload what they are given to do
   * @param streams number of streams in all, dealt out evenly
   * @param pacedByDevice whether devices give buffers back as fast as they play; else at once
   */
  public StreamLoad(
      Context context,
      List<ProcessTarget> processes,
      List<Target> targets,
      StreamWorkload workload,
      int streams,
      boolean pacedByDevice)
      throws BenchException {
    this.name = processes.get(0).name();
    this.processes = processes;
    this.pacedByDevice = pacedByDevice;
    usualPeriodNanos = workload.periodNanos();
    periodNanos = usualPeriodNanos;
    try {
      for (int i = 0; i < targets.size(); i++) {
        int share = streams / targets.size() + (i < streams % targets.size() ? 1 : 0);
        devices.add(Streams.open(context, targets.get(i), workload, share, pacedByDevice));
      }
    } catch (BenchException | RuntimeException e) {
      close();
      throw e;
    }
    for (int number = 0; numberOf.size() < streams; number++) {
      for (Streams device : devices) {
        if (number < device.count()) {
          deviceOf.add(device);
          numberOf.add(number);
        }
      }
    }
  }

  public String name() {
    return name;
  }

  private List<Long> pids() {
    return processes.stream().map(process -> process.pid().orElseThrow()).toList();
  }

  /**
   * Drives all streams for so long before it counts, much faster where devices allow it: a JVM
   * compiles what runs often, which at 100 buffers in a second takes its time.
   */
  ScaleRound warmUp(long nanos) throws BenchException {
    if (!pacedByDevice) {
      periodNanos = Math.min(usualPeriodNanos / 10, deviceOf.size() * WARM_UP_BUFFER_NANOS);
    }
    ScaleRound round = run(nanos);
    periodNanos = usualPeriodNanos;
    return round;
  }

  /** Drives all streams for so long. */
  public ScaleRound run(long nanos) throws BenchException {
    // Time has gone by while others were measured: the clock goes on from now.
    long begin = System.nanoTime() - ticks * periodNanos / deviceOf.size();
    long stalls = 0;
    Usage before = Usage.of(pids());
    long buffersBefore = devices.stream().mapToLong(Streams::buffers).sum();
    long missesBefore = devices.stream().mapToLong(Streams::misses).sum();
    long cpuBefore = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    long start = System.nanoTime();
    long now = start;
    while (now - start < nanos) {
      int stream = (int) (ticks % deviceOf.size());
      long due = begin + ticks * periodNanos / deviceOf.size();
      waitUntil(due);
      long late = System.nanoTime() - due;
      if (late > periodNanos / 2) {
        // This thread was held up: what it would send in a burst now, no device could be in time
        // for.
        begin += late;
        stalls++;
      }
      deviceOf.get(stream).tick(numberOf.get(stream));
      ticks++;
      now = System.nanoTime();
    }
    for (Streams device : devices) {
      device.checkOpen();
    }
    Usage used = Usage.of(pids()).since(before);
    return new ScaleRound(
        now - start,
        devices.stream().mapToLong(Streams::buffers).sum() - buffersBefore,
        devices.stream().mapToLong(Streams::misses).sum() - missesBefore,
        stalls,
        used,
        ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuBefore);
  }

  private static void waitUntil(long due) {
    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  /** Memory of the processes in bytes. */
  public long memory() throws BenchException {
    return Usage.memory(pids());
  }

  public int processes() {
    return processes.size();
  }

  public int devices() {
    return devices.size();
  }

  public int streams() {
    return deviceOf.size();
  }

  @Override
  public void close() {
    devices.forEach(Streams::close);
    processes.forEach(ProcessTarget::close);
  }
}
