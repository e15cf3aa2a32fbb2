package io.vhost4j.bench;

import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Latency;
import io.vhost4j.bench.measure.LatencyLoop;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Lineup;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.measure.Turns;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.workload.Workload;
import io.vhost4j.event.NativeTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Times round trips of one buffer. */
@Command(
    name = "latency",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Times a buffer from publishing it and kicking to seeing the notification that it was"
            + " used.")
final class LatencyCommand implements Callable<Integer> {
  private static final double CLOSED_SECONDS = 0.5;
  private static final double RATED_SECONDS = 5;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin private TargetOptions targets = new TargetOptions();

  @Mixin private RunOptions run = new RunOptions();

  @Option(
      names = "--payload",
      paramLabel = "BYTES",
      split = ",",
      description =
          "Bytes in a buffer, up to 65536; more than one with commas (default: what drivers send,"
              + " such as 1920 of sound).")
  private List<Integer> payloads = List.of();

  @Option(
      names = "--rate",
      paramLabel = "PER_SECOND",
      split = ",",
      defaultValue = "0,1000",
      description =
          "Buffers to send in a second at fixed times, whether answers are late or not; 0 for each"
              + " to be sent when the one before is back (${DEFAULT-VALUE}).")
  private List<Double> rates = List.of();

  @Override
  public Integer call() throws Exception {
    Workload workload = targets.workload();
    List<Integer> sizes = payloads(spec, workload, payloads);
    for (double rate : rates) {
      if (!(rate >= 0 && rate <= 1e6)) {
        throw new ParameterException(
            spec.commandLine(), "--rate=%s is not possible".formatted(rate));
      }
    }
    List<LatencyLoop> loops = rates.stream().map(LatencyLoop::new).toList();
    Placement placement = targets.placement();
    Vertx vertx = Bench.newLoop();
    try (Lineup lineup = targets.open(NativeTransport.newLoop(vertx));
        Placement.Placed placed = placement.apply(lineup);
        Progress progress =
            new Progress("latency", nanos(run, loops, sizes, lineup.subjects().size()))) {
      List<LatencyResult> results = measure(lineup, run, run.turns(progress), loops, sizes);
      run.show(Tables.latency(results), Map.of("place", placement.label(), "latency", results));
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long so many subjects will take. */
  static long nanos(RunOptions run, List<LatencyLoop> loops, List<Integer> payloads, int subjects) {
    return loops.stream()
        .mapToLong(loop -> rounds(run, loop).nanosFor(subjects, payloads.size()))
        .sum();
  }

  /** Measures each loop with each payload. */
  static List<LatencyResult> measure(
      Lineup lineup, RunOptions run, Turns turns, List<LatencyLoop> loops, List<Integer> payloads)
      throws BenchException {
    Latency latency = new Latency(lineup, turns);
    List<LatencyResult> results = new ArrayList<>();
    for (LatencyLoop loop : loops) {
      for (int payload : payloads) {
        results.addAll(latency.measure(loop, payload, rounds(run, loop)));
      }
    }
    return results;
  }

  /** A closed loop has many samples soon. */
  private static Rounds rounds(RunOptions run, LatencyLoop loop) {
    return run.rounds(loop.rate() == 0 ? CLOSED_SECONDS : RATED_SECONDS);
  }

  /** The sizes nearest to those given that the device can take, the usual one if none is. */
  static List<Integer> payloads(CommandSpec spec, Workload workload, List<Integer> given) {
    for (int bytes : given) {
      if (bytes < 1 || bytes > Workload.MAX_PAYLOAD) {
        throw new ParameterException(
            spec.commandLine(),
            "--payload=%d is not 1 to %d".formatted(bytes, Workload.MAX_PAYLOAD));
      }
    }
    return given.isEmpty()
        ? List.of(workload.usualPayload())
        : given.stream().map(workload::payload).distinct().toList();
  }
}
