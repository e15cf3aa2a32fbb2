package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Footprint;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Table;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.event.NativeTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks at daemons that have nothing to do. */
@Command(
    name = "footprint",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Times the start of our daemon, and looks at its memory and wake-ups while it is idle.")
final class FootprintCommand implements Callable<Integer> {
  private static final long IDLE_NANOS = 5_000_000_000L;
  private static final long QUICK_IDLE_NANOS = 100_000_000;
  private static final int PHASES = 4;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description =
          "Look at what this command starts as well; {socket} in it stands for the path to listen"
              + " on.")
  private @Nullable String peer;

  @Mixin private RunOptions run = new RunOptions();

  @Override
  public Integer call() throws Exception {
    if (peer != null) {
      TargetOptions.checkCommand(spec, peer);
    }
    Vertx vertx = Bench.newLoop();
    try {
      List<FootprintResult> results =
          measure(NativeTransport.newLoop(vertx), peer, run.rounds(), run.quick());
      spec.commandLine().getOut().println(table(results));
      spec.commandLine().getOut().flush();
      run.write(Map.of("machine", Machine.here(), "footprint", results));
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  /** Measures our daemon, and a peer if there is one. */
  static List<FootprintResult> measure(
      Context context, @Nullable String peer, Rounds rounds, boolean quick) throws BenchException {
    List<Footprint.Starter> daemons = new ArrayList<>();
    List<Boolean> saysReady = new ArrayList<>();
    daemons.add(() -> Installation.soundDaemon("--backend null"));
    saysReady.add(true);
    if (peer != null) {
      daemons.add(() -> new ProcessTarget(TargetOptions.programOf(peer), peer));
      saysReady.add(false);
    }
    long idle = quick ? QUICK_IDLE_NANOS : IDLE_NANOS;
    try (Progress progress = new Progress("footprint", PHASES * idle * daemons.size())) {
      return new Footprint(context, progress).measure(daemons, saysReady, rounds.count(), idle);
    }
  }

  /** The results as lines for the console. */
  static Table table(List<FootprintResult> results) {
    Table table =
        new Table(
            "footprint",
            "start ms",
            "PSS MB",
            "threads",
            "wake-ups/s alone",
            "wake-ups/s connected");
    for (FootprintResult result : results) {
      table.row(
          result.subject(),
          result.startMillis(),
          result.megabytes(),
          result.threads(),
          result.wakeUpsAlone(),
          result.wakeUpsConnected());
    }
    return table;
  }
}
