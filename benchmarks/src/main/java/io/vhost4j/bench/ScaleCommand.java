package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.measure.Scale;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.StreamLoad;
import io.vhost4j.bench.report.Tables;
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
            + " process of ours, and looks at the processor time, context switches and memory that"
            + " this takes.")
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
      names = "--exec",
      paramLabel = "COMMAND",
      description =
          "Measure what this command starts instead of our daemon, one process for each stream;"
              + " {socket} in it stands for the path to listen on. Its devices must take a period at"
              + " once.")
  private @Nullable String command;

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
    run.show(Tables.scale(results), Map.of("scale", results));
    spec.commandLine().getOut().println(limits(results));
    spec.commandLine().getOut().flush();
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
    for (String given : new @Nullable String[] {command, peer}) {
      if (given != null) {
        TargetOptions.checkCommand(spec, given);
      }
    }
    if (command != null && pace == Pace.DEVICE) {
      throw new ParameterException(spec.commandLine(), "--pace=device is for our daemon only");
    }
  }

  private List<ScaleResult> measure(Context context, int count, Rounds rounds, Progress progress)
      throws BenchException {
    List<StreamLoad> loads = new ArrayList<>();
    try {
      loads.add(
          command == null
              ? Fleet.own(context, count, devices, pace == Pace.DEVICE)
              : Fleet.peers(context, count, command));
      if (peer != null) {
        loads.add(Fleet.peers(context, count, peer));
      }
      return Scale.measure(loads, pace.name().toLowerCase(Locale.ROOT), rounds, progress);
    } finally {
      loads.forEach(StreamLoad::close);
    }
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
