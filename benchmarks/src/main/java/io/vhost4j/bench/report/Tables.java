package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Results as tables: for the console, the page and the summary alike. */
public final class Tables {
  private Tables() {}

  /** The goals, and whether they are reached. */
  public static Table goals(List<Goals.Goal> goals) {
    Table table = new Table("goal", "wanted", "measured", "");
    goals.forEach(goal -> table.row(goal.what(), goal.wanted(), goal.measured(), goal.verdict()));
    return table;
  }

  /** Round trips. */
  public static Table latency(List<LatencyResult> results) {
    Table table =
        Table.withKeys(
            3,
            "latency in us",
            "loop",
            "bytes",
            "p50",
            "p99",
            "p99.9",
            "max",
            "p50/floor",
            "p99/floor",
            "p50/peer",
            "p99/peer");
    for (LatencyResult result : Floor.oncePerLoop(results)) {
      Percentiles micros = result.micros();
      Percentiles toPeer = result.toPeer();
      table.row(
          result.subject(),
          result.loop(),
          result.payload() == Floor.ANY ? "any" : result.payload(),
          micros.p50(),
          micros.p99(),
          micros.p999().median(),
          micros.max().median(),
          result.toFloor().p50().median(),
          result.toFloor().p99().median(),
          median(toPeer == null ? null : toPeer.p50()),
          median(toPeer == null ? null : toPeer.p99()));
    }
    return table;
  }

  /** Buffers in a second. */
  public static Table throughput(List<ThroughputResult> results) {
    Table table =
        Table.withKeys(
            3,
            "throughput",
            "bytes",
            "window",
            "1000 buffers/s",
            "MB/s",
            "kicks/buf",
            "wake-ups/buf",
            "/floor",
            "/copy",
            "/peer");
    for (ThroughputResult result : Floor.once(results)) {
      table.row(
          result.subject(),
          result.payload() == Floor.ANY ? "any" : result.payload(),
          result.window() == Floor.ANY ? "any" : result.window(),
          Spread.of(result.perSecond().rounds(), speed -> speed / 1000),
          result.megabytesPerSecond(),
          result.kicksPerBuffer(),
          result.wakeUpsPerBuffer(),
          result.toFloor().median(),
          result.toCopy(),
          median(result.toPeer()));
    }
    return table;
  }

  /** Many streams. */
  public static Table scale(List<ScaleResult> results) {
    Table table =
        Table.withKeys(
            3,
            "scale",
            "pace",
            "streams",
            "devices",
            "processes",
            "ms/stream-s",
            "CPU %",
            "switches/buf",
            "late %",
            "driver %",
            "stalls",
            "PSS MB",
            "CPU/peer");
    for (ScaleResult result : results) {
      table.row(
          result.subject(),
          result.pace(),
          result.streams(),
          result.devices(),
          result.processes(),
          result.cpuMillisPerStreamSecond(),
          result.cpuPercent(),
          result.switchesPerBuffer(),
          result.missPercent(),
          result.driverCpuPercent(),
          result.driverStalls(),
          result.megabytes(),
          median(result.toPeer()));
    }
    return table;
  }

  /** Idle daemons. */
  public static Table footprint(List<FootprintResult> results) {
    Table table =
        new Table(
            "footprint",
            "start ms",
            "PSS MB",
            "threads",
            "wake-ups/s alone",
            "wake-ups/s connected");
    for (FootprintResult result : results) {
      table.row(
          result.subject(),
          result.startMillis(),
          result.megabytes(),
          result.threads(),
          result.wakeUpsAlone(),
          result.wakeUpsConnected());
    }
    return table;
  }

  /** What a period costs, seen from a guest. */
  public static Table guest(List<GuestResult> results) {
    Table table =
        new Table(
            "guest (us for a period)",
            "pace",
            "period",
            "guest CPU",
            "guest switches",
            "host CPU",
            "of daemon",
            "host switches");
    for (GuestResult result : results) {
      table.row(
          result.subject(),
          result.pace(),
          result.microsPerPeriod(),
          result.guestCpuMicros(),
          result.guestSwitches(),
          result.hostCpuMicros(),
          result.daemonCpuMicros(),
          result.hostSwitches());
    }
    return table;
  }

  /** What the hot paths allocate. */
  public static Table allocation(List<AllocationResult> results) {
    Table table = new Table("allocation", "ns", "bytes");
    results.forEach(result -> table.row(result.subject(), result.nanos(), result.bytes()));
    return table;
  }

  /** Garbage collections under load. */
  public static Table collections(CollectionsResult result) {
    return new Table("collections", "seconds", "buffers", "in warm-up", "after it")
        .row(
            result.subject(),
            result.seconds(),
            result.buffers(),
            result.inWarmUp(),
            result.afterWarmUp());
  }

  /** Of ratios the median alone: the goals tell how far their rounds are apart. */
  private static Object median(@Nullable Spread ratio) {
    return ratio == null ? "-" : ratio.median();
  }
}
