package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Scale;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.StreamLoad;
import io.vhost4j.bench.measure.Turns;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.Target;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.bench.workload.StreamWorkload;
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
  private static final double SECONDS = 2;

  private static final StreamWorkload WORKLOAD = new SoundOutput();

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
              + " {socket} in it stands for the path to listen on. Its devices must take a period"
              + " at once.")
  private @Nullable String command;

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description =
          "Compare with what this command starts, one process for each stream; {socket} in it"
              + " stands for the path to listen on. Its devices take a period at once.")
  private @Nullable String peer;

  @Mixin private RunOptions run = new RunOptions();

  @Override
  public Integer call() throws Exception {
    check();
    Vertx vertx = Bench.newLoop();
    List<ScaleResult> results = new ArrayList<>();
    try (Progress progress =
        new Progress("scale", nanos(run, streams.size(), peer == null ? 1 : 2))) {
      Turns turns = run.turns(progress);
      for (int count : streams) {
        results.addAll(
            measure(
                NativeTransport.newLoop(vertx), run, turns, count, devices, pace, command, peer));
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

  /** How long so many numbers of streams will take with so many subjects. */
  static long nanos(RunOptions run, int counts, int subjects) {
    return run.rounds(SECONDS).nanosFor(subjects, counts);
  }

  /**
   * Measures one number of streams.
   *
   * @param devices most that the streams of our process are dealt out to
   * @param command of a daemon to measure instead of ours, a process for each stream; null for ours
   * @param peer command of a daemon to compare with, null for none
   */
  static List<ScaleResult> measure(
      Context context,
      RunOptions run,
      Turns turns,
      int streams,
      int devices,
      Pace pace,
      @Nullable String command,
      @Nullable String peer)
      throws BenchException {
    List<StreamLoad> loads = new ArrayList<>();
    try {
      loads.add(
          command == null
              ? own(context, streams, devices, pace == Pace.DEVICE)
              : others(context, streams, command));
      if (peer != null) {
        loads.add(others(context, streams, peer));
      }
      String label = pace.name().toLowerCase(Locale.ROOT);
      return Scale.measure(loads, label, run.rounds(SECONDS), turns);
    } finally {
      loads.forEach(StreamLoad::close);
    }
  }

  /** One process of ours. */
  private static StreamLoad own(Context context, int streams, int devices, boolean paced)
      throws BenchException {
    int used = Math.min(devices, streams);
    int streamsOfDevice = (streams + used - 1) / used;
    StringBuilder options = new StringBuilder(WORKLOAD.streamArguments(streamsOfDevice, paced));
    for (int i = 1; i < used; i++) {
      options.append(" --socket ").append(ProcessTarget.PLACEHOLDER).append('.').append(i);
    }
    ProcessTarget process = WORKLOAD.startDaemon("vhost4j", options.toString(), Map.of());
    List<Target> targets = new ArrayList<>(List.of(process));
    for (int i = 1; i < used; i++) {
      targets.add(process.sibling(i));
    }
    return new StreamLoad(context, List.of(process), targets, WORKLOAD, streams, paced);
  }

  /** A process of another daemon for each stream. */
  private static StreamLoad others(Context context, int streams, String command)
      throws BenchException {
    List<ProcessTarget> processes = new ArrayList<>();
    try {
      for (int i = 0; i < streams; i++) {
        processes.add(new ProcessTarget(TargetOptions.programOf(command), command));
      }
    } catch (BenchException e) {
      processes.forEach(ProcessTarget::close);
      throw e;
    }
    return new StreamLoad(context, processes, List.copyOf(processes), WORKLOAD, streams, false);
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
