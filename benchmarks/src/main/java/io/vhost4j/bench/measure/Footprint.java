package io.vhost4j.bench.measure;

import io.vertx.core.Context;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Connection;
import io.vhost4j.bench.target.ProcessTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/** Measures what a daemon takes that has nothing to do, and how long it takes to start. */
public final class Footprint {
  private static final int QUEUES = 4;
  private static final int QUEUE_SIZE = 64;
  private static final long POLL_NANOS = 500_000;
  private static final long START_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** Starts a daemon. */
  @FunctionalInterface
  public interface Starter {
    ProcessTarget start() throws BenchException;
  }

  /**
   * A daemon to look at.
   *
   * @param starter starts it
   * @param saysReady whether it prints READY when it listens; otherwise it is ready when it can be
   *     connected to
   */
  public record Daemon(Starter starter, boolean saysReady) {}

  private final Context context;
  private final LongConsumer passed;

  public Footprint(Context context, LongConsumer passed) {
    this.context = context;
    this.passed = passed;
  }

  /**
   * Starts every daemon {@code starts} times, in turn, and then looks at each while it is idle.
   *
   * @param idleNanos how long to look
   */
  public List<FootprintResult> measure(List<Daemon> daemons, int starts, long idleNanos)
      throws BenchException {
    List<List<Double>> millis = new ArrayList<>();
    daemons.forEach(daemon -> millis.add(new ArrayList<>()));
    for (int start = 0; start < starts; start++) {
      for (int i = 0; i < daemons.size(); i++) {
        millis.get(i).add(millisToReady(daemons.get(i)));
      }
    }
    List<FootprintResult> results = new ArrayList<>();
    for (int i = 0; i < daemons.size(); i++) {
      results.add(idle(daemons.get(i).starter(), millis.get(i), idleNanos));
    }
    return results;
  }

  private static double millisToReady(Daemon daemon) throws BenchException {
    long begin = System.nanoTime();
    try (ProcessTarget process = daemon.starter().start()) {
      while (!(daemon.saysReady() ? process.hasSaid("READY") : process.canBeConnectedTo())) {
        if (!process.isStarting() || System.nanoTime() - begin > START_NANOS) {
          throw new BenchException(process.name() + " does not get ready");
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
      return (System.nanoTime() - begin) / 1e6;
    }
  }

  private FootprintResult idle(Starter daemon, List<Double> millis, long nanos)
      throws BenchException {
    try (ProcessTarget process = daemon.start()) {
      List<Long> pid = List.of(process.pid().orElseThrow());
      // Started by a frontend that goes away again, so that only what stays counts.
      connect(process).close();
      double alone = wakeUps(pid, nanos);
      try (Connection connection = connect(process)) {
        double connected = wakeUps(pid, nanos);
        return new FootprintResult(
            process.name(),
            Spread.of(millis, Double::doubleValue),
            Usage.memory(pid) / 1e6,
            Usage.threads(pid.get(0)),
            alone,
            connected);
      }
    }
  }

  private Connection connect(ProcessTarget process) throws BenchException {
    return Connection.open(context, process, 0, QUEUES, QUEUE_SIZE, 0);
  }

  /** Wake-ups in a second, of all threads, after things have settled. */
  private double wakeUps(List<Long> pid, long nanos) throws BenchException {
    LockSupport.parkNanos(nanos);
    passed.accept(nanos);
    Usage before = Usage.of(pid);
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < nanos) {
      LockSupport.parkNanos(nanos - (System.nanoTime() - begin));
    }
    passed.accept(nanos);
    return Usage.of(pid).since(before).wakeUps() * 1e9 / (System.nanoTime() - begin);
  }
}
