package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the project wants to reach, beside what was measured. */
public final class Goals {
  private static final int PAYLOAD = 1920;
  private static final int WINDOW = 16;
  private static final int STREAMS = 32;

  /** What JMH itself allocates, shared out to the buffers of an iteration, stays below. */
  private static final double NOTHING_BYTES = 0.1;

  /**
   * One of them.
   *
   * @param what is measured
   * @param wanted the goal
   * @param measured what came out, with its unit; empty if it was not measured
   * @param verdict in a word or two; empty if the run was too quick to judge anything
   */
  public record Goal(String what, String wanted, String measured, String verdict) {}

  private final List<Goal> goals = new ArrayList<>();
  private final boolean judges;

  private Goals(boolean judges) {
    this.judges = judges;
  }

  /** All of them. The target is the subject behind the floor, and first where there is none. */
  public static List<Goal> of(Results results) {
    Goals goals = new Goals(!results.quick());
    results.latency().forEach(goals::latency);
    goals.throughput(results.throughput());
    goals.scale(results.scale());
    goals.allocation(results.allocation());
    goals.collections(results.collections());
    List<FootprintResult> own =
        results.footprint().stream()
            .filter(result -> result.subject().startsWith(FootprintResult.ON_JAVA))
            .toList();
    goals.idle(own);
    goals.start(own, 17, 300);
    goals.start(own, 25, 250);
    return goals.goals;
  }

  private void add(String what, String wanted, boolean reached, String format, Object... values) {
    String verdict = !judges ? "" : reached ? "reached" : "missed";
    goals.add(new Goal(what, wanted, String.format(Locale.ROOT, format, values), verdict));
  }

  private void notMeasured(String what, String wanted) {
    goals.add(new Goal(what, wanted, "", judges ? "not measured" : ""));
  }

  private void latency(String place, List<LatencyResult> results) {
    List<LatencyResult> load =
        results.stream()
            .filter(result -> result.payload() == PAYLOAD && result.loop().equals("closed"))
            .toList();
    if (load.size() < 2) {
      return;
    }
    String what = "latency of %d bytes, processors: %s".formatted(PAYLOAD, place);
    LatencyResult own = load.get(1);
    Percentiles floor = own.toFloor();
    add(
        what,
        "p50 at most 1.15, p99 at most 1.5 times the floor",
        floor.p50() <= 1.15 && floor.p99() <= 1.5,
        "%.2f and %.2f times",
        floor.p50(),
        floor.p99());
    String beatPeer = "p50 and p99 no worse than the peer";
    Percentiles peer = own.toPeer();
    if (peer == null) {
      notMeasured(what, beatPeer);
    } else {
      add(
          what,
          beatPeer,
          peer.p50() <= 1 && peer.p99() <= 1,
          "%.2f and %.2f times",
          peer.p50(),
          peer.p99());
    }
    if (place.equals(Placement.SAME.label())) {
      return; // there polling only keeps the driver from running
    }
    String halveFloor = "with --poll-us: p50 under 0.5 times the floor";
    Optional<LatencyResult> polling =
        load.stream().filter(result -> result.subject().contains("--poll-us")).findFirst();
    polling.ifPresentOrElse(
        result ->
            add(
                what,
                halveFloor,
                result.toFloor().p50() < 0.5,
                "%.2f times",
                result.toFloor().p50()),
        () -> notMeasured(what, halveFloor));
  }

  private void throughput(List<ThroughputResult> results) {
    String what = "throughput of %d bytes, window %d".formatted(PAYLOAD, WINDOW);
    String wanted = "at least 1.5 times the peer";
    Predicate<ThroughputResult> load =
        result -> result.payload() == PAYLOAD && result.window() == WINDOW;
    Double peer =
        results.stream()
            .filter(load)
            .skip(1)
            .findFirst()
            .map(ThroughputResult::toPeer)
            .orElse(null);
    if (peer == null) {
      notMeasured(what, wanted);
    } else {
      add(what, wanted, peer >= 1.5, "%.2f times", peer);
    }
  }

  private void scale(List<ScaleResult> results) {
    String what = "processor time of %d streams".formatted(STREAMS);
    String wanted = "no more than the peer in as many processes";
    Optional<ScaleResult> own =
        results.stream().filter(result -> result.streams() == STREAMS).findFirst();
    Double peer = own.map(ScaleResult::toPeer).orElse(null);
    if (own.isEmpty() || peer == null) {
      notMeasured(what, wanted);
    } else {
      add(
          what,
          wanted,
          peer <= 1,
          "%.2f times (%.2f ms for a stream and second)",
          peer,
          own.get().cpuMillisPerStreamSecond());
    }
  }

  private void allocation(List<AllocationResult> results) {
    String what = "allocation for a buffer, JMH";
    OptionalDouble most = results.stream().mapToDouble(AllocationResult::bytes).max();
    if (most.isEmpty()) {
      notMeasured(what, "0 bytes");
    } else {
      add(
          what,
          "0 bytes (under %.1f: JMH's own)".formatted(NOTHING_BYTES),
          most.getAsDouble() < NOTHING_BYTES,
          "at most %.3f bytes",
          most.getAsDouble());
    }
  }

  private void collections(@Nullable CollectionsResult result) {
    String what = "garbage collections under load, after warm-up";
    String wanted = "none in 10 minutes";
    if (result == null || (result.afterWarmUp() == 0 && result.seconds() < 600)) {
      notMeasured(what, wanted);
    } else {
      add(
          what,
          wanted,
          result.afterWarmUp() == 0,
          "%d in %.1f minutes, %,d buffers",
          result.afterWarmUp(),
          result.seconds() / 60,
          result.buffers());
    }
  }

  private void idle(List<FootprintResult> own) {
    add(
        "memory of an idle daemon",
        "under 60 MB PSS",
        own.stream().allMatch(result -> result.megabytes() < 60),
        "%s",
        onEach(own, "%.1f MB", FootprintResult::megabytes));
    ToDoubleFunction<FootprintResult> wakeUps =
        result -> Math.max(result.wakeUpsAlone(), result.wakeUpsConnected());
    add(
        "wake-ups of an idle daemon",
        "0 in a second",
        own.stream().allMatch(result -> wakeUps.applyAsDouble(result) == 0),
        "%s",
        onEach(own, "%.1f", wakeUps));
  }

  private static String onEach(
      List<FootprintResult> own, String format, ToDoubleFunction<FootprintResult> value) {
    return own.stream()
        .map(
            result ->
                String.format(Locale.ROOT, format, value.applyAsDouble(result))
                    + result.subject().replaceFirst("^vhost4j", ""))
        .collect(Collectors.joining(", "));
  }

  private void start(List<FootprintResult> own, int java, int millis) {
    String what = "exec to READY, Java " + java;
    String wanted = "under %d ms".formatted(millis);
    own.stream()
        .filter(result -> result.subject().equals(FootprintResult.ON_JAVA + java))
        .findFirst()
        .ifPresentOrElse(
            result ->
                add(what, wanted, result.startMillis() < millis, "%.0f ms", result.startMillis()),
            () -> notMeasured(what, wanted));
  }
}
