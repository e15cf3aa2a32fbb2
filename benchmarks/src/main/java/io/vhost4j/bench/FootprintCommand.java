package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.measure.Footprint;
import io.vhost4j.bench.measure.FootprintResult;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.Jdk;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.bench.workload.Workload;
import io.vhost4j.event.NativeTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
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
        "Times the start of our daemon, on each Java (17 and 25) that is installed, and looks at its"
            + " memory and wake-ups while it is idle.")
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

  @Mixin private RoundOptions run = new RoundOptions();

  @Override
  public Integer call() throws Exception {
    if (peer != null) {
      TargetOptions.checkCommand(spec, peer);
    }
    Vertx vertx = Bench.newLoop();
    try (Progress progress = new Progress("footprint", nanos(peer, run.quick()))) {
      List<FootprintResult> results =
          measure(NativeTransport.newLoop(vertx), peer, run.roundCount(), run.quick(), progress);
      run.show(Tables.footprint(results), Map.of("footprint", results));
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long it will take, but for the starts. */
  static long nanos(@Nullable String peer, boolean quick) {
    int daemons = Jdk.found().size() + (peer == null ? 0 : 1);
    return PHASES * (quick ? QUICK_IDLE_NANOS : IDLE_NANOS) * daemons;
  }

  /**
   * Measures our daemon on each Java that is wanted and found, and a peer if there is one.
   *
   * @param starts how often each is started, but for a quick run
   */
  static List<FootprintResult> measure(
      Context context, @Nullable String peer, int starts, boolean quick, LongConsumer passed)
      throws BenchException {
    Workload workload = new SoundOutput();
    List<Footprint.Daemon> daemons = new ArrayList<>();
    for (Jdk jdk : Jdk.found()) {
      if (!quick) {
        Installation.makeArchive(workload.daemon(), jdk);
      }
      String name = FootprintResult.ON_JAVA + jdk.version();
      String arguments = workload.setups().get(0).arguments();
      daemons.add(
          new Footprint.Daemon(
              () -> workload.startDaemon(name, arguments, jdk.environment()), true));
    }
    if (peer != null) {
      daemons.add(
          new Footprint.Daemon(
              () -> new ProcessTarget(TargetOptions.programOf(peer), peer), false));
    }
    return new Footprint(context, passed)
        .measure(daemons, quick ? 1 : starts, quick ? QUICK_IDLE_NANOS : IDLE_NANOS);
  }
}
