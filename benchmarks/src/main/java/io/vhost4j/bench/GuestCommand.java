package io.vhost4j.bench;

import io.vhost4j.bench.measure.Guest;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Table;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
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

/** Plays from a real Linux guest. */
@Command(
    name = "guest",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Boots a Linux guest under QEMU, without hardware virtualisation, and plays from it: to our"
            + " daemon, to a peer, and to QEMU's own virtio-sound card.")
final class GuestCommand implements Callable<Integer> {
  private static final int UNPACED_PERIODS = 3000;
  private static final int PACED_PERIODS = 500;
  private static final int QUICK_PERIODS = 50;
  private static final long BOOT_NANOS = 8_000_000_000L;
  private static final long PERIOD_NANOS = 10_000_000;
  private static final int PLAYBACKS = 3;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description =
          "Play to what this command starts as well; {socket} in it stands for the path to listen on.")
  private @Nullable String peer;

  @Mixin private RunOptions run = new RunOptions();

  @Override
  public Integer call() throws Exception {
    if (peer != null) {
      TargetOptions.checkCommand(spec, peer);
    }
    List<GuestResult> results = measure(peer, run.quick());
    spec.commandLine().getOut().println(table(results));
    spec.commandLine().getOut().flush();
    run.write(Map.of("machine", Machine.here(), "guest", results));
    return CommandLine.ExitCode.OK;
  }

  /** Boots a guest for each card. */
  static List<GuestResult> measure(@Nullable String peer, boolean quick) throws BenchException {
    int unpaced = quick ? QUICK_PERIODS : UNPACED_PERIODS;
    int paced = quick ? QUICK_PERIODS : PACED_PERIODS;
    List<GuestResult> results = new ArrayList<>();
    long pacedNanos = BOOT_NANOS + PERIOD_NANOS * paced * PLAYBACKS;
    long unpacedNanos = (peer == null ? 1 : 2) * BOOT_NANOS;
    try (Progress progress = new Progress("guest", unpacedNanos + 2 * pacedNanos)) {
      try (ProcessTarget daemon = Installation.soundDaemon("--backend null --pacing none")) {
        results.add(playTo("QEMU + vhost4j", "none", daemon, unpaced));
        progress.passed(BOOT_NANOS);
      }
      if (peer != null) {
        String name = "QEMU + " + TargetOptions.programOf(peer);
        try (ProcessTarget daemon = new ProcessTarget(name, peer)) {
          results.add(playTo(name, "none", daemon, unpaced));
          progress.passed(BOOT_NANOS);
        }
      }
      try (ProcessTarget daemon = Installation.soundDaemon("--backend null --pacing realtime")) {
        results.add(playTo("QEMU + vhost4j", "real time", daemon, paced));
        progress.passed(pacedNanos);
      }
      results.add(Guest.measure("QEMU alone", "real time", null, paced));
      progress.passed(pacedNanos);
    }
    return results;
  }

  private static GuestResult playTo(String name, String pace, ProcessTarget daemon, int periods)
      throws BenchException {
    daemon.awaitSocket();
    return Guest.measure(name, pace, daemon, periods);
  }

  /** The results as lines for the console. */
  static Table table(List<GuestResult> results) {
    Table table =
        new Table(
            "guest (us for a period)",
            "pace",
            "period",
            "guest CPU",
            "guest switches",
            "host CPU",
            "of daemon",
            "host switches");
    for (GuestResult result : results) {
      table.row(
          result.subject(),
          result.pace(),
          result.microsPerPeriod(),
          result.guestCpuMicros(),
          result.guestSwitches(),
          result.hostCpuMicros(),
          result.daemonCpuMicros(),
          result.hostSwitches());
    }
    return table;
  }
}
