package io.vhost4j.bench;

import io.vertx.core.Context;
import io.vhost4j.bench.floor.Echo;
import io.vhost4j.bench.measure.DeviceSubject;
import io.vhost4j.bench.measure.Lineup;
import io.vhost4j.bench.measure.Placement;
import io.vhost4j.bench.measure.Subject;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.EmbeddedTarget;
import io.vhost4j.bench.target.Installation;
import io.vhost4j.bench.target.ProcessTarget;
import io.vhost4j.bench.target.SocketTarget;
import io.vhost4j.bench.target.Target;
import io.vhost4j.bench.workload.Request;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.bench.workload.Workload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that say what is measured. */
final class TargetOptions {
  /** Entries of each ring, as in QEMU. */
  static final int QUEUE_SIZE = 64;

  /** Where the target is. */
  static final class Where {
    @Option(
        names = "--socket",
        paramLabel = "PATH",
        description = "Measure the backend that listens at this Unix socket.")
    @Nullable Path socket;

    @Option(
        names = "--exec",
        paramLabel = "COMMAND",
        description =
            "Measure what this command starts; {socket} in it stands for the path to listen on."
                + " It may add 0 to that.")
    @Nullable String command;

    @Option(names = "--embedded", description = "Measure our device inside this JVM.")
    boolean embedded;
  }

  /** The devices that there are buffers for. */
  @SuppressWarnings("ImmutableEnumChecker") // workloads have no state
  enum Device {
    sound(new SoundOutput()),
    gpio(Request.GPIO),
    i2c(Request.I2C),
    can(Request.CAN);

    private final Workload workload;

    Device(Workload workload) {
      this.workload = workload;
    }
  }

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @ArgGroup(
      heading =
          "What is measured (without any of these: our packaged daemon, with a backend that needs"
              + " no%nthread and with one that has a worker):%n")
  private Where where = new Where();

  @Option(
      names = "--peer",
      paramLabel = "COMMAND",
      description = "Compare with what this command starts, turn by turn; as for --exec.")
  private @Nullable String peer;

  @Option(
      names = "--poll-us",
      paramLabel = "N",
      description =
          "Measure our packaged daemon with --poll-us N as well: it then looks at its rings for up"
              + " to so many microseconds before it sleeps. 0: do not.")
  private @Nullable Integer pollMicros;

  @Option(
      names = "--options",
      paramLabel = "OPTIONS",
      description =
          "Start our packaged daemon with these, in place of those that need no hardware.")
  private @Nullable String options;

  @Option(
      names = "--device",
      paramLabel = "TYPE",
      defaultValue = "sound",
      description =
          "The kind of device that listens: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Device device = Device.sound;

  @Option(
      names = "--queue-size",
      paramLabel = "N",
      defaultValue = "64",
      description = "Entries of each ring, a power of 2 (default: ${DEFAULT-VALUE}, as in QEMU).")
  private int queueSize = QUEUE_SIZE;

  @Option(
      names = "--place",
      paramLabel = "WHERE",
      description =
          "Processors of the driver and of what is measured: same (one for all), apart (one for the"
              + " driver, one for the others; the default where that can be done) or free (as the"
              + " scheduler likes).")
  private @Nullable Placement placement;

  @Nullable String peer() {
    return peer;
  }

  /** Takes a peer that the user did not name. */
  void usePeer(@Nullable String command) {
    peer = command;
  }

  /**
   * Has our daemon measured with polling too, where it can poll and the user wants nothing else.
   */
  void usePolling(int micros) throws BenchException {
    if (isOurs()
        && pollMicros == null
        && Installation.daemonSays(workload().daemon(), "--help").contains("--poll-us")) {
      pollMicros = micros;
    }
  }

  /** Whether it is our packaged daemon that is asked about. */
  private boolean isOurs() {
    return where.socket == null && where.command == null && !where.embedded;
  }

  /** The ways to start our daemon. */
  private List<Workload.Setup> setups() {
    return options == null ? workload().setups() : List.of(new Workload.Setup("", options));
  }

  private boolean polls() {
    return pollMicros != null && pollMicros > 0;
  }

  /** How many there will be in the line-up. */
  int subjects() {
    int setups = isOurs() ? setups().size() : 1;
    return 1 + setups + (peer == null ? 0 : 1) + (polls() ? 1 : 0);
  }

  int queueSize() {
    return queueSize;
  }

  Workload workload() {
    return device.workload;
  }

  private void check() {
    if (pollMicros != null && pollMicros < 0) {
      throw usage("--poll-us=%d: give 0 or more".formatted(pollMicros));
    }
    if (Integer.bitCount(queueSize) != 1 || queueSize < 1 || queueSize > 1024) {
      throw usage("--queue-size=%d is not a power of 2 from 1 to 1024".formatted(queueSize));
    }
    for (String command : new @Nullable String[] {where.command, peer}) {
      if (command != null) {
        checkCommand(spec, command);
      }
    }
  }

  /** A command that does not say where the socket belongs is wrong usage. */
  static void checkCommand(CommandSpec spec, String command) {
    if (!command.contains(ProcessTarget.PLACEHOLDER)) {
      throw new ParameterException(
          spec.commandLine(),
          "'%s' does not say where {socket} belongs: the path to listen on".formatted(command));
    }
  }

  /** Where the user wants all of it, or where it can be. */
  Placement placement() {
    if (placement != null) {
      return placement;
    }
    boolean movable = !where.embedded && where.socket == null;
    return movable ? Placement.usual() : Placement.FREE;
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** Starts and connects everything that is to be measured. */
  Lineup open(Context context) throws BenchException {
    check();
    List<Subject> open = new ArrayList<>();
    try {
      open.add(Echo.start());
      Workload workload = workload();
      if (isOurs()) {
        for (Workload.Setup setup : setups()) {
          open.add(daemon(context, workload, setup.label(), setup.arguments()));
        }
      } else {
        open.add(open(context, other()));
      }
      Subject rival = null;
      if (peer != null) {
        rival = open(context, new ProcessTarget(programOf(peer), peer));
        open.add(rival);
      }
      if (polls()) {
        String option = "--poll-us " + pollMicros;
        String arguments = setups().get(0).arguments() + " " + option;
        open.add(daemon(context, workload, option, arguments));
      }
      return new Lineup(List.copyOf(open), rival);
    } catch (BenchException | RuntimeException e) {
      open.forEach(Subject::close);
      throw e;
    }
  }

  private Subject open(Context context, Target of) throws BenchException {
    return DeviceSubject.open(context, of, workload(), queueSize);
  }

  private Subject daemon(Context context, Workload workload, String label, String arguments)
      throws BenchException {
    String name = ("vhost4j " + label).strip();
    return open(context, workload.startDaemon(name, arguments, Map.of()));
  }

  /** What the user names in place of our packaged daemon. */
  private Target other() throws BenchException {
    if (where.socket != null) {
      return new SocketTarget(where.socket);
    }
    return where.command == null
        ? new EmbeddedTarget(workload().open())
        : new ProcessTarget(programOf(where.command), where.command);
  }

  /** The name of the program in a command, without its directories. */
  static String programOf(String command) {
    String word = command.strip().split("\\s+", 2)[0].replace("'", "");
    return String.valueOf(Path.of(word).getFileName());
  }
}
