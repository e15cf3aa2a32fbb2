package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** What the project wants to reach, beside what was measured. */
public final class Goals {
  private static final int PAYLOAD = 1920;
  private static final int WINDOW = 16;
  private static final int STREAMS = 32;

  /**
   * One of them.
   *
   * @param what is measured
   * @param wanted the goal
   * @param measured what came out, with its unit
   * @param reached whether that is within the goal
   */
  public record Goal(String what, String wanted, String measured, boolean reached) {}

  private final List<Goal> goals = new ArrayList<>();

  private Goals() {}

  /** Those that the results say something about; the target is the subject behind the floor. */
  public static List<Goal> of(Results results) {
    Goals goals = new Goals();
    results.latency().forEach(goals::latency);
    goals.throughput(results.throughput());
    goals.scale(results.scale());
    results.footprint().stream().findFirst().ifPresent(goals::footprint);
    return goals.goals;
  }

  private void add(String what, String wanted, boolean reached, String format, Object... values) {
    goals.add(new Goal(what, wanted, String.format(Locale.ROOT, format, values), reached));
  }

  private static <T> Optional<T> second(List<T> results, Predicate<T> predicate) {
    return results.stream().filter(predicate).skip(1).findFirst();
  }

  private void latency(String place, List<LatencyResult> results) {
    Optional<LatencyResult> own =
        second(results, result -> result.payload() == PAYLOAD && result.loop().equals("closed"));
    own.ifPresent(
        result -> {
          String what = "latency of %d bytes, processors: %s".formatted(PAYLOAD, place);
          Percentiles floor = result.toFloor();
          add(
              what,
              "p50 at most 1.15, p99 at most 1.5 times the floor",
              floor.p50() <= 1.15 && floor.p99() <= 1.5,
              "%.2f and %.2f",
              floor.p50(),
              floor.p99());
          Percentiles peer = result.toPeer();
          if (peer != null) {
            add(
                what,
                "p50 and p99 no worse than the peer",
                peer.p50() <= 1 && peer.p99() <= 1,
                "%.2f and %.2f times",
                peer.p50(),
                peer.p99());
          }
        });
  }

  private void throughput(List<ThroughputResult> results) {
    Optional<ThroughputResult> own =
        second(results, result -> result.payload() == PAYLOAD && result.window() == WINDOW);
    own.ifPresent(
        result -> {
          Double peer = result.toPeer();
          if (peer != null) {
            add(
                "throughput, window " + WINDOW,
                "at least 1.5 times the peer",
                peer >= 1.5,
                "%.2f times",
                peer);
          }
        });
  }

  private void scale(List<ScaleResult> results) {
    for (ScaleResult result : results) {
      Double peer = result.toPeer();
      boolean isOwn = result.processes() == 1;
      if (result.streams() == STREAMS && isOwn && peer != null) {
        add(
            "processor time of %d streams".formatted(STREAMS),
            "no more than the peer in as many processes",
            peer <= 1,
            "%.2f times (%.2f ms per stream and second)",
            peer,
            result.cpuMillisPerStreamSecond());
      }
    }
  }

  private void footprint(FootprintResult own) {
    add(
        "memory of an idle daemon",
        "under 60 MB PSS",
        own.megabytes() < 60,
        "%.1f MB",
        own.megabytes());
    double wakeUps = Math.max(own.wakeUpsAlone(), own.wakeUpsConnected());
    add("wake-ups of an idle daemon", "0 in a second", wakeUps == 0, "%.1f in a second", wakeUps);
    add("exec to READY", "under 300 ms", own.startMillis() < 300, "%.0f ms", own.startMillis());
  }
}
