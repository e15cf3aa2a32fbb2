package io.vhost4j.bench.report;

import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Percentiles;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.Spread;
import io.vhost4j.bench.measure.ThroughputResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the project wants to reach, beside what was measured. */
public final class Goals {
  private static final int PAYLOAD = 1920;
  private static final List<Integer> WINDOWS = List.of(4, 16, 64);
  private static final String TIMES = "%.2f times";
  private static final String MILLIS = "%.0f ms";

  /** What JMH itself allocates, shared out to the buffers of an iteration, stays below. */
  private static final double NOTHING_BYTES = 0.1;

  /**
   * One of them.
   *
   * @param what is measured
   * @param wanted the goal
   * @param measured what came out, with its unit; empty if it was not measured
   * @param verdict reached, missed, not measured, or not decided where the rounds lie too far from
   *     each other; empty if the run was too quick to judge anything
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
    results.throughput().forEach(goals::throughput);
    goals.scale(results.scale(), 1, 1.2);
    goals.scale(results.scale(), 32, 1);
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

  /** Whether a figure of several rounds stays below a limit, or above it. */
  private void addSpread(
      String what, String wanted, boolean below, double limit, String format, Spread measured) {
    String text = String.format(Locale.ROOT, format, measured.median());
    if (measured.rounds().size() > 1) {
      text +=
          String.format(
              Locale.ROOT,
              " (%s..%s)",
              format.replaceFirst(" .*", "").formatted(measured.low()),
              format.replaceFirst(" .*", "").formatted(measured.high()));
    }
    boolean reached = below ? measured.median() <= limit : measured.median() >= limit;
    String verdict = !measured.decides(limit) ? "not decided" : reached ? "reached" : "missed";
    goals.add(new Goal(what, wanted, text, judges ? verdict : ""));
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
    addSpread(what, "p50 at most 1.15 times the floor", true, 1.15, TIMES, floor.p50());
    addSpread(what, "p99 at most 1.5 times the floor", true, 1.5, TIMES, floor.p99());
    String median = "p50 no worse than the peer";
    String tail = "p99 no worse than the peer";
    Percentiles peer = own.toPeer();
    if (peer == null) {
      notMeasured(what, median);
      notMeasured(what, tail);
    } else {
      addSpread(what, median, true, 1, TIMES, peer.p50());
      addSpread(what, tail, true, 1, TIMES, peer.p99());
    }
    if (place.equals(Placement.SAME.label())) {
      return; // there polling only keeps the driver from running
    }
    String halveFloor = "with --poll-us: p50 at most 0.5 times the floor";
    load.stream()
        .filter(result -> result.subject().contains("--poll-us"))
        .findFirst()
        .ifPresentOrElse(
            result -> addSpread(what, halveFloor, true, 0.5, TIMES, result.toFloor().p50()),
            () -> notMeasured(what, halveFloor));
  }

  private void throughput(String place, List<ThroughputResult> results) {
    for (int window : WINDOWS) {
      String what =
          "throughput of %d bytes, window %d, processors: %s".formatted(PAYLOAD, window, place);
      String wanted = "at least 1.5 times the peer";
      Optional<Spread> peer =
          results.stream()
              .filter(result -> result.payload() == PAYLOAD && result.window() == window)
              .skip(1)
              .findFirst()
              .map(ThroughputResult::toPeer);
      peer.ifPresentOrElse(
          ratio -> addSpread(what, wanted, false, 1.5, TIMES, ratio),
          () -> notMeasured(what, wanted));
    }
  }

  private void scale(List<ScaleResult> results, int streams, double limit) {
    String what = "processor time, streams of 10 ms: %d".formatted(streams);
    String wanted = "at most %s times the peer in as many processes".formatted(limit);
    Optional<Spread> peer =
        results.stream()
            .filter(result -> result.streams() == streams)
            .findFirst()
            .map(ScaleResult::toPeer);
    peer.ifPresentOrElse(
        ratio -> addSpread(what, wanted, true, limit, TIMES, ratio),
        () -> notMeasured(what, wanted));
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
    if (result == null) {
      notMeasured(what, wanted);
      return;
    }
    String measured =
        String.format(
            Locale.ROOT,
            "%d in %.1f minutes, %,d buffers",
            result.afterWarmUp(),
            result.seconds() / 60,
            result.buffers());
    String verdict =
        result.afterWarmUp() > 0 ? "missed" : result.seconds() < 600 ? "not decided" : "reached";
    goals.add(new Goal(what, wanted, measured, judges ? verdict : ""));
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
    String wanted = "at most %d ms".formatted(millis);
    own.stream()
        .filter(result -> result.subject().equals(FootprintResult.ON_JAVA + java))
        .findFirst()
        .ifPresentOrElse(
            result -> addSpread(what, wanted, true, millis, MILLIS, result.startMillis()),
            () -> notMeasured(what, wanted));
  }
}
