package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Latency;
import io.vhost4j.bench.measure.LatencyLoop;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Lineup;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.measure.Scale;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.StreamLoad;
import io.vhost4j.bench.measure.Throughput;
import io.vhost4j.bench.measure.ThroughputResult;
import io.vhost4j.bench.report.Goals;
import io.vhost4j.bench.report.Json;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Page;
import io.vhost4j.bench.report.Picture;
import io.vhost4j.bench.report.Results;
import io.vhost4j.bench.report.Summary;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.event.NativeTransport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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

/** Measures the whole set and makes a page of it. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures latency, throughput, scale, footprint and allocation of our sound daemon beside the"
          + " Rust one, and writes report.html and report.json.",
      "",
      "All that the project has goals for, as it is committed in benchmarks/RESULTS.md:",
      "  report --gc-minutes 10 --guest --markdown benchmarks/RESULTS.md",
      "",
    })
final class ReportCommand implements Callable<Integer> {
  private static final int DEVICES = 16;
  private static final double RATE = 1000;
  private static final int POLL_MICROS = 200;

  /** What is measured, in full or quickly. */
  private record Extent(
      List<Integer> payloads, List<Integer> windows, List<Integer> streams, List<Integer> paced) {
    static final Extent FULL =
        new Extent(
            List.of(4, 1920, 65536),
            List.of(1, 2, 4, 8, 16, 32, 64),
            List.of(1, 2, 4, 8, 16, 32, 64, 128),
            List.of(1, 8, 32, 128));

    static final Extent QUICK =
        new Extent(List.of(1920), List.of(1, 16), List.of(1, 4), List.of(2));
  }

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--output",
      paramLabel = "DIRECTORY",
      defaultValue = ".",
      description = "Where to write the two files (default: the current directory).")
  private Path output = Path.of(".");

  @Option(
      names = "--no-peer",
      description = "Do not compare with another daemon: nothing is downloaded and built for that.")
  private boolean noPeer;

  @Option(
      names = "--guest",
      description = "Play from a Linux guest under QEMU as well (see benchmarks guest).")
  private boolean guest;

  @Option(
      names = "--gc-minutes",
      paramLabel = "M",
      defaultValue = "0",
      description =
          "Count garbage collections under load for so long as well (see benchmarks gc;"
              + " default: ${DEFAULT-VALUE}).")
  private double gcMinutes;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description =
          "Write a summary to this file too, and a picture beside it (.svg). What the file has from"
              + " '## Notes' on is kept.")
  private @Nullable Path markdown;

  @Mixin private TargetOptions targets = new TargetOptions();

  @Mixin private RunOptions run = new RunOptions();

  @Override
  public Integer call() throws Exception {
    Rounds rounds = run.rounds();
    if (!(gcMinutes >= 0)) {
      throw new ParameterException(
          spec.commandLine(), "--gc-minutes=%s: give 0 or more".formatted(gcMinutes));
    }
    if (markdown != null && run.quick() && holdsFigures(textOf(markdown))) {
      throw new ParameterException(
          spec.commandLine(),
          "--quick: %s holds the figures of a full run; name another file".formatted(markdown));
    }
    Machine machine = Machine.here();
    if (targets.peer() == null && !noPeer) {
      targets.usePeer(Peers.install());
    }
    targets.usePolling(POLL_MICROS);
    String peer = targets.peer();
    boolean quick = run.quick();
    Extent extent = quick ? Extent.QUICK : Extent.FULL;
    Map<String, List<LatencyResult>> latency = new LinkedHashMap<>();
    Vertx vertx = Bench.newLoop();
    try {
      Context context = NativeTransport.newLoop(vertx);
      for (Placement placement : placements()) {
        latency.put(placement.label(), latency(context, placement, extent, rounds));
      }
      write(
          new Results(
              Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
              "java -jar benchmarks/target/benchmarks.jar "
                  + String.join(" ", spec.commandLine().getParseResult().originalArgs()),
              Peers.versions(peer),
              machine,
              quick,
              rounds.count(),
              latency,
              throughput(context, extent, rounds),
              scale(context, extent, rounds),
              FootprintCommand.measure(context, peer, rounds.count(), quick),
              JmhCommand.measure(quick),
              gcMinutes == 0 ? null : GcCommand.measure(vertx, gcMinutes, quick),
              guest ? GuestCommand.measure(peer, rounds.count(), quick) : List.of()));
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  private List<Placement> placements() {
    Placement usual = targets.placement();
    return usual == Placement.APART ? List.of(Placement.SAME, usual) : List.of(usual);
  }

  private List<LatencyResult> latency(
      Context context, Placement placement, Extent extent, Rounds rounds) throws BenchException {
    try (Lineup lineup = targets.open(context);
        Placement.Placed placed = placement.apply(lineup);
        Progress progress =
            new Progress(
                "latency, " + placement.label(),
                rounds.nanosFor(lineup.subjects().size()) * (extent.payloads().size() + 1))) {
      Latency latency = new Latency(lineup, rounds, progress);
      List<LatencyResult> results = new ArrayList<>();
      for (int payload : extent.payloads()) {
        results.addAll(latency.measure(LatencyLoop.CLOSED, payload));
      }
      results.addAll(latency.measure(new LatencyLoop(RATE), 1920));
      return results;
    }
  }

  private List<ThroughputResult> throughput(Context context, Extent extent, Rounds rounds)
      throws BenchException {
    try (Lineup lineup = targets.open(context);
        Placement.Placed placed = targets.placement().apply(lineup);
        Progress progress =
            new Progress(
                "throughput",
                rounds.nanosFor(lineup.subjects().size()) * extent.windows().size())) {
      Throughput throughput = new Throughput(lineup, rounds, progress);
      List<ThroughputResult> results = new ArrayList<>();
      for (int window : extent.windows()) {
        results.addAll(throughput.measure(1920, window));
      }
      return results;
    }
  }

  private List<ScaleResult> scale(Context context, Extent extent, Rounds rounds)
      throws BenchException {
    String peer = targets.peer();
    List<ScaleResult> results = new ArrayList<>();
    int turns = extent.streams().size() * (peer == null ? 1 : 2) + extent.paced().size();
    try (Progress progress = new Progress("scale", rounds.nanosFor(1) * turns)) {
      for (int streams : extent.streams()) {
        List<StreamLoad> loads = new ArrayList<>();
        try {
          loads.add(Fleet.own(context, streams, DEVICES, false));
          if (peer != null) {
            loads.add(Fleet.peers(context, streams, peer));
          }
          results.addAll(Scale.measure(loads, "driver", rounds, progress));
        } finally {
          loads.forEach(StreamLoad::close);
        }
      }
      for (int streams : extent.paced()) {
        try (StreamLoad load = Fleet.own(context, streams, DEVICES, true)) {
          results.addAll(Scale.measure(List.of(load), "device", rounds, progress));
        }
      }
    }
    return results;
  }

  private void write(Results results) throws BenchException {
    Path page = output.resolve("report.html");
    OutputOptions.write(page, Page.of(results));
    OutputOptions.write(output.resolve("report.json"), Json.of(results) + "\n");
    if (markdown != null) {
      String name = String.valueOf(markdown.getFileName()).replaceFirst("\\.[^.]*$", "");
      String picture = name.toLowerCase(Locale.ROOT) + ".svg";
      OutputOptions.write(markdown, Summary.of(results, picture, textOf(markdown)));
      OutputOptions.write(markdown.resolveSibling(picture), Picture.of(results));
    }
    run.show(Tables.goals(Goals.of(results)), Map.of("goals", Goals.of(results)));
    PrintWriter out = spec.commandLine().getOut();
    out.println("The report: " + page.toAbsolutePath().normalize());
    out.flush();
  }

  private static boolean holdsFigures(String summary) {
    return !summary.isEmpty() && !summary.contains(Summary.QUICK);
  }

  private static String textOf(Path file) throws BenchException {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new BenchException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }
}
