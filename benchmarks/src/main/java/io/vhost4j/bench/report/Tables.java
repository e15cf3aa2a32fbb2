package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.RequestResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Results as tables: for the console, the page and the summary alike. */
public final class Tables {
  /** The way whose buffers are not copied. */
  private static final String DIRECT = "vhost-user";

  private Tables() {}

  /** The goals, and whether they are reached. */
  public static Table goals(List<Goals.Goal> goals) {
    Table table = new Table("goal", "wanted", "measured", "");
    goals.forEach(goal -> table.row(goal.what(), goal.wanted(), goal.measured(), goal.verdict()));
    return table;
  }

  /** Round trips. */
  public static Table latency(List<LatencyResult> results) {
    Table table = roundTrips("latency in us", "loop", "bytes");
    for (LatencyResult result : Floor.oncePerLoop(results)) {
      Object bytes = result.payload() == Floor.ANY ? "any" : result.payload();
      addRoundTrip(table, result.loop(), bytes, result);
    }
    return table;
  }

  private static Table roundTrips(String subject, String key, String otherKey) {
    return Table.withKeys(
        3,
        subject,
        key,
        otherKey,
        "p50",
        "p99",
        "p99.9",
        "max",
        "p50/floor",
        "p99/floor",
        "p50/peer",
        "p99/peer");
  }

  private static void addRoundTrip(Table table, Object key, Object otherKey, LatencyResult result) {
    Percentiles micros = result.micros();
    Percentiles toPeer = result.toPeer();
    table.row(
        result.subject(),
        key,
        otherKey,
        micros.p50(),
        micros.p99(),
        micros.p999().median(),
        micros.max().median(),
        result.toFloor().p50().median(),
        result.toFloor().p99().median(),
        median(toPeer == null ? null : toPeer.p50()),
        median(toPeer == null ? null : toPeer.p99()));
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

  /** What a buffer takes by each way to a device. */
  public static Table loopback(List<LoopbackResult> results) {
    Table table =
        Table.withKeys(
            3,
            "loopback (us for a buffer)",
            "load",
            "bytes",
            "time",
            "MB/s",
            "CPU",
            "of server",
            "of module");
    for (LoopbackResult result : results) {
      table.row(
          result.machine() + " " + result.way(),
          result.load(),
          result.bytes(),
          result.micros(),
          result.megabytesPerSecond(),
          result.cpuMicros(),
          result.serverMicros(),
          result.moduleMicros());
    }
    return table;
  }

  /**
   * What a processor has to do for one more KiB in a buffer by each way to a device, and how much
   * of it vhost-user does without: that is the module's copy.
   */
  public static Table copies(List<LoopbackResult> results) {
    Table table = new Table("us for a KiB more", "CPU", "CPU of the copy");
    for (LoopbackResult large : results) {
      Spread cpu = cpuPerKib(results, large);
      if (cpu == null) {
        continue;
      }
      Spread without =
          results.stream()
              .filter(other -> other.way().equals(DIRECT) && !large.way().equals(DIRECT))
              .filter(other -> other.machine().equals(large.machine()))
              .map(other -> cpuPerKib(results, other))
              .filter(Objects::nonNull)
              .findFirst()
              .orElse(null);
      table.row(
          large.machine() + " " + large.way(), cpu, without == null ? "-" : cpu.minus(without, 1));
    }
    return table;
  }

  /** Round trips of requests. */
  public static Table requests(List<RequestResult> results) {
    Table table = roundTrips("request in us", "machine", "request");
    for (RequestResult result : results) {
      LatencyResult latency = result.latency();
      String request = "%s, %d".formatted(result.request(), latency.payload());
      addRoundTrip(table, result.machine(), request, latency);
    }
    return table;
  }

  /** Of 15 KiB against 2, of which as many are under way; null for other buffers. */
  private static @Nullable Spread cpuPerKib(List<LoopbackResult> results, LoopbackResult large) {
    for (LoopbackResult small : results) {
      if (large.load().equals("chunk")
          && small.load().equals("period")
          && large.machine().equals(small.machine())
          && large.way().equals(small.way())) {
        double kib = (large.bytes() - small.bytes()) / 1024.0;
        return large.cpuMicros().minus(small.cpuMicros(), kib);
      }
    }
    return null;
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
