package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.bench.floor.Echo;
import io.vhost4j.bench.measure.DeviceSubject;
import io.vhost4j.bench.measure.HardwareGuest;
import io.vhost4j.bench.measure.LatencyLoop;
import io.vhost4j.bench.measure.LatencyResult;
import io.vhost4j.bench.measure.Lineup;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.RequestResult;
import io.vhost4j.bench.measure.Subject;
import io.vhost4j.bench.measure.Turns;
import io.vhost4j.bench.report.Summary;
import io.vhost4j.bench.report.Tables;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.workload.Request;
import io.vhost4j.event.NativeTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Times requests to devices that are not sound cards. */
@Command(
    name = "requests",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Times a GPIO read, an I2C read and a CAN frame, each sent when the one before is answered.",
      "",
      Summary.REQUESTS,
    })
final class RequestsCommand implements Callable<Integer> {
  private static final double SECONDS = 0.5;

  /** To boot a guest, and to start this program in it. */
  private static final long BOOT_NANOS = 5_000_000_000L;

  /** Where the hardware is. */
  enum Machine {
    /** Simulated by our daemon. */
    HERE("here"),
    /** Simulated by the kernel of a user-mode Linux. */
    UML("UML");

    private final String label;

    Machine(String label) {
      this.label = label;
    }
  }

  /** All machines, in the order of the tables. */
  static final List<Machine> MACHINES = List.of(Machine.values());

  /** All requests, in the order of the tables. */
  static final List<Request> ALL = List.of(Request.values());

  @Option(
      names = "--machine",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "here,uml",
      description = "Where the hardware is: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private List<Machine> machines = List.of();

  @Option(
      names = "--device",
      paramLabel = "TYPE",
      split = ",",
      defaultValue = "gpio,i2c,can",
      description = "The devices: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private List<Request> requests = List.of();

  @Option(
      names = "--no-peer",
      description = "Do not compare with other daemons: nothing is downloaded and built for that.")
  private boolean noPeer;

  @Mixin private RunOptions run = new RunOptions();

  @Override
  public Integer call() throws Exception {
    Vertx vertx = Bench.newLoop();
    try (Progress progress = new Progress("requests", nanos(run, machines, requests))) {
      List<RequestResult> results =
          measure(NativeTransport.newLoop(vertx), run, progress, machines, requests, !noPeer);
      run.show(Tables.requests(results), Map.of("requests", results));
      run.spec.commandLine().getOut().println("\n" + Summary.REQUESTS);
      run.spec.commandLine().getOut().flush();
    } finally {
      vertx.close().await();
    }
    return CommandLine.ExitCode.OK;
  }

  /** How long it will take. */
  static long nanos(RunOptions run, List<Machine> machines, List<Request> requests) {
    return machines.stream().mapToLong(machine -> requests.size() * nanos(run, machine)).sum();
  }

  private static long nanos(RunOptions run, Machine machine) {
    long nanos = run.rounds(SECONDS).nanosFor(machine == Machine.UML ? 3 : 2, 1);
    return machine == Machine.UML ? nanos + BOOT_NANOS : nanos;
  }

  /**
   * Measures.
   *
   * @param peers whether beside the native daemons too, where there are some
   */
  static List<RequestResult> measure(
      Context context,
      RunOptions run,
      LongConsumer passed,
      List<Machine> machines,
      List<Request> requests,
      boolean peers)
      throws BenchException {
    List<RequestResult> results = new ArrayList<>();
    for (Machine machine : machines) {
      List<List<LatencyResult>> latencies =
          machine == Machine.HERE
              ? here(context, run, run.turns(passed), requests)
              : inGuest(run, requests, peers);
      for (int i = 0; i < requests.size(); i++) {
        for (LatencyResult latency : latencies.get(i)) {
          results.add(new RequestResult(machine.label, requests.get(i).label(), latency));
        }
        if (machine == Machine.UML) {
          passed.accept(nanos(run, machine));
        }
      }
    }
    return results;
  }

  private static List<List<LatencyResult>> here(
      Context context, RunOptions run, Turns turns, List<Request> requests) throws BenchException {
    List<List<LatencyResult>> results = new ArrayList<>();
    for (Request request : requests) {
      try (Lineup lineup = lineup(context, request);
          Placement.Placed placed = Placement.usual().apply(lineup)) {
        results.add(
            LatencyCommand.measure(
                lineup, run, turns, List.of(LatencyLoop.CLOSED), List.of(request.usualPayload())));
      }
    }
    return results;
  }

  private static Lineup lineup(Context context, Request request) throws BenchException {
    Subject floor = Echo.start();
    try {
      return new Lineup(
          List.of(
              floor,
              DeviceSubject.open(
                  context, request.startDaemon(), request, TargetOptions.QUEUE_SIZE)),
          null);
    } catch (BenchException | RuntimeException e) {
      floor.close();
      throw e;
    }
  }

  private static List<List<LatencyResult>> inGuest(
      RunOptions run, List<Request> requests, boolean peers) throws BenchException {
    HardwareGuest guest = new HardwareGuest();
    for (Request request : requests) {
      String peer = peers ? Peers.install(request.device()) : null;
      guest.add(
          "latency --device %s --rate 0 %s --options \"%s\" %s"
              .formatted(
                  request.name().toLowerCase(Locale.ROOT),
                  run.asArguments(SECONDS),
                  request.serving(hardware(request, 0)),
                  peer == null ? "" : "--peer \"%s\"".formatted(peer(request, peer))));
    }
    return guest.run();
  }

  /** Of each GPIO chip and CAN interface there are two, as lines and frames cannot be shared. */
  private static String hardware(Request request, int which) {
    return switch (request) {
      case GPIO -> "$GPIO" + which;
      case I2C -> "hostbus I2C:28";
      case CAN -> "vcan" + which;
    };
  }

  /** The native daemon's line, whose options are ours. */
  private static String peer(Request request, String program) {
    return "'%s' --socket-path=%s %s"
        .formatted(program, ProcessTarget.PLACEHOLDER, request.serving(hardware(request, 1)));
  }
}
