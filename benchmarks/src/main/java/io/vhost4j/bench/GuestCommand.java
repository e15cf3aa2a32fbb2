package io.vhost4j.bench;

import io.vhost4j.bench.measure.Guest;
import io.vhost4j.bench.measure.GuestResult;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.bench.workload.StreamWorkload;
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

/** Plays from a real Linux guest. */
@Command(
    name = "guest",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Boots a Linux guest under QEMU, without hardware virtualisation, and plays from it: to our"
            + " daemon, to a peer, and to QEMU's own virtio-sound card.")
final class GuestCommand implements Callable<Integer> {
  private static final int UNPACED_PERIODS = 2000;
  private static final int PACED_PERIODS = 300;
  private static final int QUICK_PERIODS = 50;
  private static final int QUICK_ROUNDS = 1;
  private static final long BOOT_NANOS = 7_000_000_000L;
  private static final long PERIOD_NANOS = 10_000_000;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description =
          "Play to what this command starts as well; {socket} in it stands for the path to listen"
              + " on.")
  private @Nullable String peer;

  @Mixin private RoundOptions run = new RoundOptions();

  @Override
  public Integer call() throws Exception {
    if (peer != null) {
      TargetOptions.checkCommand(spec, peer);
    }
    try (Progress progress = new Progress("guest", nanos(peer, run.roundCount(), run.quick()))) {
      List<GuestResult> results = measure(peer, run.roundCount(), run.quick(), progress);
      run.show(Tables.guest(results), Map.of("guest", results));
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long it will take. */
  static long nanos(@Nullable String peer, int roundCount, boolean quick) {
    int rounds = quick ? QUICK_ROUNDS : roundCount;
    int paced = quick ? QUICK_PERIODS : PACED_PERIODS;
    return rounds * ((peer == null ? 3 : 4) * BOOT_NANOS + 2L * paced * PERIOD_NANOS);
  }

  /** Boots a guest for each card in each round. */
  static List<GuestResult> measure(
      @Nullable String peer, int roundCount, boolean quick, LongConsumer passed)
      throws BenchException {
    int rounds = quick ? QUICK_ROUNDS : roundCount;
    int unpaced = quick ? QUICK_PERIODS : UNPACED_PERIODS;
    int paced = quick ? QUICK_PERIODS : PACED_PERIODS;
    StreamWorkload workload = new SoundOutput();
    List<Guest> guests = new ArrayList<>();
    try {
      guests.add(new Guest("QEMU + vhost4j", workload.startDaemon(), false, unpaced));
      if (peer != null) {
        String name = "QEMU + " + TargetOptions.programOf(peer);
        guests.add(new Guest(name, new ProcessTarget(name, peer), false, unpaced));
      }
      guests.add(
          new Guest(
              "QEMU + vhost4j",
              workload.startDaemon("vhost4j", workload.streamArguments(1, true), Map.of()),
              true,
              paced));
      guests.add(new Guest("QEMU alone", null, true, paced));
      for (Guest guest : guests) {
        guest.awaitDaemon();
      }
      for (int round = 0; round < rounds; round++) {
        for (Guest guest : guests) {
          guest.play();
          passed.accept(BOOT_NANOS + (guest.paced() ? paced * PERIOD_NANOS : 0));
        }
      }
      return guests.stream().map(Guest::result).toList();
    } finally {
      guests.forEach(Guest::close);
    }
  }
}
