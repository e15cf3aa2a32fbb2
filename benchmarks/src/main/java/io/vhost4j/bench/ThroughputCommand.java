package io.vhost4j.bench;

import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Lineup;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.Throughput;
import io.vhost4j.bench.measure.ThroughputResult;
import io.vhost4j.bench.measure.Turns;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
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

/** Counts buffers. */
@Command(
    name = "throughput",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Counts the buffers that a device takes with some of them under way at a time.")
final class ThroughputCommand implements Callable<Integer> {
  private static final double SECONDS = 0.5;

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
      names = "--window",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,4,16,64",
      description = "Buffers under way at a time, up to --queue-size (${DEFAULT-VALUE}).")
  private List<Integer> windows = List.of();

  @Override
  public Integer call() throws Exception {
    List<Integer> sizes = LatencyCommand.payloads(spec, targets.workload(), payloads);
    for (int window : windows) {
      if (window < 1 || window > targets.queueSize()) {
        throw new ParameterException(
            spec.commandLine(),
            "--window=%d is not 1 to --queue-size=%d".formatted(window, targets.queueSize()));
      }
    }
    Placement placement = targets.placement();
    Vertx vertx = Bench.newLoop();
    try (Lineup lineup = targets.open(NativeTransport.newLoop(vertx));
        Placement.Placed placed = placement.apply(lineup);
        Progress progress =
            new Progress(
                "throughput",
                nanos(run, sizes.size() * windows.size(), lineup.subjects().size()))) {
      List<ThroughputResult> results = measure(lineup, run, run.turns(progress), sizes, windows);
      run.show(
          Tables.throughput(results), Map.of("place", placement.label(), "throughput", results));
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long so many subjects will take with so many loads. */
  static long nanos(RunOptions run, int loads, int subjects) {
    return run.rounds(SECONDS).nanosFor(subjects, loads);
  }

  /** Measures each payload with each window. */
  static List<ThroughputResult> measure(
      Lineup lineup, RunOptions run, Turns turns, List<Integer> payloads, List<Integer> windows)
      throws BenchException {
    Throughput throughput = new Throughput(lineup, turns);
    List<ThroughputResult> results = new ArrayList<>();
    for (int payload : payloads) {
      for (int window : windows) {
        results.addAll(throughput.measure(payload, window, run.rounds(SECONDS)));
      }
    }
    return results;
  }
}
