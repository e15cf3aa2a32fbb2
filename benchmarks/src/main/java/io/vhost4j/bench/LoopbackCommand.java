package io.vhost4j.bench;

import io.vhost4j.bench.measure.LoopbackResult;
import io.vhost4j.bench.measure.OwnGuest;
import io.vhost4j.bench.measure.OwnGuest.Machine;
import io.vhost4j.bench.measure.OwnGuest.Way;
import io.vhost4j.bench.report.Summary;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares the ways to a device. */
@Command(
    name = "loopback",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Boots Linux guests whose drivers give buffers to our entropy and sound devices: by"
          + " vhost-user to daemons outside of the guest, and by the module virtio-loopback of a"
          + " guest that is its own host, to the same daemons in it or to the devices in the"
          + " adapter's process. Driver, devices and buffers are the same.",
      "",
      Summary.LOOPBACK,
    })
final class LoopbackCommand implements Callable<Integer> {
  /** The machines, in the order of the tables. */
  static final List<Machine> ALL = List.of(Machine.UML, Machine.QEMU);

  private static final OwnGuest.Extent FULL =
      new OwnGuest.Extent(2_000, 5_000, 5_000, 2_000, 1_000);
  private static final OwnGuest.Extent QUICK = new OwnGuest.Extent(16, 50, 50, 16, 8);
  private static final int QUICK_ROUNDS = 1;

  /** Of a guest, with all its loads, which take no longer than its programs take to start. */
  private static long nanos(Machine machine) {
    return switch (machine) {
      case QEMU -> 60_000_000_000L;
      case UML -> 30_000_000_000L;
    };
  }

  @Option(
      names = "--machine",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "uml,qemu",
      description = "What runs the guests: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private List<Machine> machines = List.of();

  @Mixin private RoundOptions run = new RoundOptions();

  @Override
  public Integer call() throws Exception {
    try (Progress progress =
        new Progress("loopback", nanos(machines, run.roundCount(), run.quick()))) {
      List<LoopbackResult> results = measure(machines, run.roundCount(), run.quick(), progress);
      run.show(Tables.loopback(results), Map.of("loopback", results));
      run.spec
          .commandLine()
          .getOut()
          .println("\n" + Tables.copies(results) + "\n\n" + Summary.LOOPBACK);
      run.spec.commandLine().getOut().flush();
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long it will take. */
  static long nanos(List<Machine> machines, int rounds, boolean quick) {
    return machines.stream().mapToLong(LoopbackCommand::nanos).sum()
        * Way.values().length
        * (quick ? QUICK_ROUNDS : rounds);
  }

  /** Boots a guest for each machine and way in each round. */
  static List<LoopbackResult> measure(
      List<Machine> machines, int roundCount, boolean quick, Progress progress)
      throws BenchException {
    int rounds = quick ? QUICK_ROUNDS : roundCount;
    List<LoopbackResult> results = new ArrayList<>();
    for (Machine machine : machines) {
      OwnGuest.Extent extent = quick ? QUICK : FULL;
      List<OwnGuest> guests = new ArrayList<>();
      try {
        for (Way way : Way.values()) {
          guests.add(
              new OwnGuest(machine, way, extent, way == Way.VHOST_USER ? daemons() : List.of()));
        }
        for (int round = 0; round < rounds; round++) {
          for (OwnGuest guest : guests) {
            guest.awaitDaemons();
            guest.run(stage -> progress.now(guest.name() + " " + stage));
            progress.accept(nanos(machine));
          }
        }
        guests.forEach(guest -> guest.results().forEach(results::add));
      } finally {
        guests.forEach(OwnGuest::close);
      }
    }
    return results;
  }

  private static List<ProcessTarget> daemons() throws BenchException {
    ProcessTarget sound =
        new ProcessTarget(
            "vhost4j",
            Installation.daemonCommand("vhost-device-sound") + " --backend null --pacing fast");
    try {
      return List.of(
          sound, new ProcessTarget("vhost4j", Installation.daemonCommand("vhost-device-rng")));
    } catch (BenchException e) {
      sound.close();
      throw e;
    }
  }
}
