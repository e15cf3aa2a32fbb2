package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.measure.Scale;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.StreamLoad;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Table;
import io.vhost4j.event.NativeTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Finds out what many streams cost, and how many are too many. */
@Command(
    name = "scale",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Plays many streams at a time, each 10 ms of audio every 10 ms, on several devices of one"
            + " process of ours, and looks at what that takes.")
final class ScaleCommand implements Callable<Integer> {
  private static final int MAX_STREAMS = 1024;
  private static final int MAX_STREAMS_OF_DEVICE = 64;

  /** Above this share of late periods a stream stutters. */
  private static final double BROKEN_PERCENT = 0.1;

  /** Who keeps time. */
  enum Pace {
    /** The driver alone: devices are given a period when it is time, and give it back at once. */
    DRIVER,
    /** The device too: it gives periods back as fast as they play. */
    DEVICE
  }

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--streams",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,2,4,8,16,32,64,128",
      description = "Streams at a time; more than one number with commas (${DEFAULT-VALUE}).")
  private List<Integer> streams = List.of();

  @Option(
      names = "--devices",
      paramLabel = "N",
      defaultValue = "16",
      description = "Most devices that our process has; streams are dealt out (${DEFAULT-VALUE}).")
  private int devices = 16;

  @Option(
      names = "--pace",
      paramLabel = "WHO",
      defaultValue = "driver",
      description =
          "Who keeps time: driver (devices take a period at once when it is sent) or device (ours"
              + " plays as fast as real hardware) (${DEFAULT-VALUE}).")
  private Pace pace = Pace.DRIVER;

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description =
          "Compare with what this command starts, one process for each stream; {socket} in it stands"
              + " for the path to listen on. Its devices take a period at once.")
  private @Nullable String peer;

  @Mixin private RunOptions run = new RunOptions();

  @Override
  public Integer call() throws Exception {
    check();
    Rounds rounds = run.rounds();
    Vertx vertx = Bench.newLoop();
    List<ScaleResult> results = new ArrayList<>();
    long nanos = rounds.nanosFor(peer == null ? 1 : 2) * streams.size();
    try (Progress progress = new Progress("scale", nanos)) {
      for (int count : streams) {
        results.addAll(measure(NativeTransport.newLoop(vertx), count, rounds, progress));
      }
    } finally {
      vertx.close().await();
    }
    spec.commandLine().getOut().println(table(results));
    spec.commandLine().getOut().println(limits(results));
    spec.commandLine().getOut().flush();
    run.write(Map.of("machine", Machine.here(), "scale", results));
    return CommandLine.ExitCode.OK;
  }

  private void check() {
    for (int count : streams) {
      if (count < 1 || count > MAX_STREAMS || count > devices * MAX_STREAMS_OF_DEVICE) {
        throw new ParameterException(
            spec.commandLine(),
            "--streams=%d is not 1 to %d, and at most %d on a device"
                .formatted(count, MAX_STREAMS, MAX_STREAMS_OF_DEVICE));
      }
    }
    if (devices < 1) {
      throw new ParameterException(
          spec.commandLine(), "--devices=%d: give 1 or more".formatted(devices));
    }
    if (peer != null) {
      TargetOptions.checkCommand(spec, peer);
    }
  }

  private List<ScaleResult> measure(Context context, int count, Rounds rounds, Progress progress)
      throws BenchException {
    List<StreamLoad> loads = new ArrayList<>();
    try {
      loads.add(Fleet.own(context, count, devices, pace == Pace.DEVICE));
      if (peer != null) {
        loads.add(Fleet.peers(context, count, peer));
      }
      return Scale.measure(loads, pace.name().toLowerCase(Locale.ROOT), rounds, progress);
    } finally {
      loads.forEach(StreamLoad::close);
    }
  }

  /** The results as lines for the console. */
  static Table table(List<ScaleResult> results) {
    Table table =
        new Table(
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
      Double toPeer = result.toPeer();
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
          toPeer == null ? "-" : toPeer);
    }
    return table;
  }

  /** Where each subject breaks. */
  static String limits(List<ScaleResult> results) {
    StringBuilder text = new StringBuilder();
    for (String subject : results.stream().map(ScaleResult::subject).distinct().toList()) {
      List<ScaleResult> own = results.stream().filter(r -> r.subject().equals(subject)).toList();
      String limit =
          own.stream()
              .filter(result -> result.missPercent() > BROKEN_PERCENT)
              .findFirst()
              .map(result -> "breaks at %d streams".formatted(result.streams()))
              .orElse("holds all");
      text.append(text.isEmpty() ? "" : "\n")
          .append(
              "%s %s (more than %.1f %% of its periods late)"
                  .formatted(subject, limit, BROKEN_PERCENT));
    }
    return text.toString();
  }
}
