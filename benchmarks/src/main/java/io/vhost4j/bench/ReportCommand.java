package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.json.Json;
import io.vhost4j.bench.measure.AllocationResult;
import io.vhost4j.bench.measure.CollectionsResult;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.measure.LatencyLoop;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Lineup;
import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.RequestResult;
import io.vhost4j.bench.measure.ScaleResult;
import io.vhost4j.bench.measure.ThroughputResult;
import io.vhost4j.bench.measure.Turns;
import io.vhost4j.bench.report.Goals;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Page;
import io.vhost4j.bench.report.Picture;
import io.vhost4j.bench.report.Results;
import io.vhost4j.bench.report.Summary;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.workload.StreamWorkload;
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
      "All of it, as it is committed in benchmarks/RESULTS.md, in about a quarter of an hour:",
      "  report --guest --markdown benchmarks/RESULTS.md",
      "",
    })
final class ReportCommand implements Callable<Integer> {
  private static final int DEVICES = 16;
  private static final List<LatencyLoop> LOOPS = List.of(LatencyLoop.CLOSED, new LatencyLoop(1000));
  private static final int POLL_MICROS = 200;

  /** Each boots four guests, which takes half a minute. */
  private static final int GUEST_ROUNDS = 3;

  /** What is measured, in full or quickly. */
  private record Extent(List<Integer> windows, List<Integer> streams, List<Integer> paced) {
    static final Extent FULL =
        new Extent(List.of(1, 4, 16, 64), List.of(1, 4, 32, 128), List.of(1, 32));

    static final Extent QUICK = new Extent(List.of(1, 16), List.of(1, 4), List.of(2));
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
      names = "--loopback",
      description =
          "Compare the ways to a device in Linux guests as well, for a quarter of an hour (see"
              + " benchmarks loopback).")
  private boolean loopback;

  @Option(
      names = "--requests",
      description =
          "Time requests to GPIO, I2C and CAN devices as well, for two minutes (see benchmarks"
              + " requests).")
  private boolean requests;

  @Option(
      names = "--gc-minutes",
      paramLabel = "M",
      defaultValue = "0.5",
      description =
          "Count garbage collections under load for so long as well (see benchmarks gc;"
              + " default: ${DEFAULT-VALUE}); 10 decide the goal, 0 leaves it out.")
  private double gcMinutes = 0.5;

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
    if (!(gcMinutes >= 0)) {
      throw new ParameterException(
          spec.commandLine(), "--gc-minutes=%s: give 0 or more".formatted(gcMinutes));
    }
    if (markdown != null && run.quick() && holdsFigures(textOf(markdown))) {
      throw new ParameterException(
          spec.commandLine(),
          "--quick: %s holds the figures of a full run; name another file".formatted(markdown));
    }
    if (!(targets.workload() instanceof StreamWorkload)) {
      throw new ParameterException(
          spec.commandLine(),
          "--device: a report is one of the sound daemon; see 'latency' and 'requests' for others");
    }
    Machine machine = Machine.here();
    if (targets.peer() == null && !noPeer) {
      targets.usePeer(Peers.installSound());
    }
    targets.usePolling(POLL_MICROS);
    Extent extent = run.quick() ? Extent.QUICK : Extent.FULL;
    Vertx vertx = Bench.newLoop();
    Results results;
    try (Progress progress = new Progress("report", nanos(extent))) {
      results = measure(vertx, machine, extent, progress);
    } finally {
      vertx.close().await();
    }
    write(results);
    return CommandLine.ExitCode.OK;
  }

  private Results measure(Vertx vertx, Machine machine, Extent extent, Progress progress)
      throws BenchException {
    long begin = System.nanoTime();
    Context context = NativeTransport.newLoop(vertx);
    Turns turns = run.turns(progress);
    boolean quick = run.quick();
    String peer = targets.peer();
    Map<String, List<LatencyResult>> latency = new LinkedHashMap<>();
    Map<String, List<ThroughputResult>> throughput = new LinkedHashMap<>();
    try (Lineup lineup = targets.open(context)) {
      for (Placement placement : placements()) {
        String place = placement.label();
        try (Placement.Placed placed = placement.apply(lineup)) {
          progress.now("latency, " + place);
          latency.put(place, LatencyCommand.measure(lineup, run, turns, LOOPS, payloads()));
          progress.now("throughput, " + place);
          throughput.put(
              place, ThroughputCommand.measure(lineup, run, turns, payloads(), extent.windows()));
        }
      }
    }
    progress.now("scale");
    List<ScaleResult> scale = scale(context, extent, turns, peer);
    progress.now("footprint");
    List<FootprintResult> footprint =
        FootprintCommand.measure(context, peer, run.roundCount(), quick, progress);
    progress.now("allocation");
    List<AllocationResult> allocation = JmhCommand.measure(quick, progress);
    progress.now("gc");
    CollectionsResult collections =
        gcMinutes == 0 ? null : GcCommand.measure(context, gcMinutes, quick, progress);
    progress.now("guest");
    List<GuestResult> guests =
        guest ? GuestCommand.measure(peer, guestRounds(), quick, progress) : List.of();
    progress.now("loopback");
    List<LoopbackResult> ways =
        loopback
            ? LoopbackCommand.measure(LoopbackCommand.ALL, guestRounds(), quick, progress)
            : List.of();
    progress.now("requests");
    List<RequestResult> roundTrips =
        requests
            ? RequestsCommand.measure(
                context, run, progress, RequestsCommand.MACHINES, RequestsCommand.ALL, !noPeer)
            : List.of();
    return new Results(
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        (System.nanoTime() - begin) / 60e9,
        "./run bench " + String.join(" ", spec.commandLine().getParseResult().originalArgs()),
        Peers.versions(targets.workload().daemon(), peer),
        machine,
        run.watch().seen(),
        quick,
        run.conduct(),
        latency,
        throughput,
        scale,
        footprint,
        allocation,
        collections,
        guests,
        ways,
        roundTrips);
  }

  private List<Integer> payloads() {
    return List.of(targets.workload().usualPayload());
  }

  private int guestRounds() {
    return Math.min(GUEST_ROUNDS, run.roundCount());
  }

  /** How long all of it will take, but for starting what is measured. */
  private long nanos(Extent extent) {
    boolean quick = run.quick();
    String peer = targets.peer();
    int subjects = targets.subjects();
    return placements().size()
            * (LatencyCommand.nanos(run, LOOPS, payloads(), subjects)
                + ThroughputCommand.nanos(run, extent.windows().size(), subjects))
        + ScaleCommand.nanos(run, extent.streams().size(), peer == null ? 1 : 2)
        + ScaleCommand.nanos(run, extent.paced().size(), 1)
        + FootprintCommand.nanos(peer, quick)
        + JmhCommand.nanos(quick)
        + (gcMinutes == 0 ? 0 : GcCommand.nanos(gcMinutes, quick))
        + (guest ? GuestCommand.nanos(peer, guestRounds(), quick) : 0)
        + (loopback ? LoopbackCommand.nanos(LoopbackCommand.ALL, guestRounds(), quick) : 0)
        + (requests
            ? RequestsCommand.nanos(run, RequestsCommand.MACHINES, RequestsCommand.ALL)
            : 0);
  }

  private List<Placement> placements() {
    Placement usual = targets.placement();
    return usual == Placement.APART ? List.of(Placement.SAME, usual) : List.of(usual);
  }

  private List<ScaleResult> scale(
      Context context, Extent extent, Turns turns, @Nullable String peer) throws BenchException {
    List<ScaleResult> results = new ArrayList<>();
    for (int streams : extent.streams()) {
      results.addAll(
          ScaleCommand.measure(
              context, run, turns, streams, DEVICES, ScaleCommand.Pace.DRIVER, null, peer));
    }
    for (int streams : extent.paced()) {
      results.addAll(
          ScaleCommand.measure(
              context, run, turns, streams, DEVICES, ScaleCommand.Pace.DEVICE, null, null));
    }
    return results;
  }

  private void write(Results results) throws BenchException {
    Path page = output.resolve("report.html");
    OutputOptions.write(page, Page.of(results));
    OutputOptions.write(output.resolve("report.json"), Json.encodePrettily(results) + "\n");
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
