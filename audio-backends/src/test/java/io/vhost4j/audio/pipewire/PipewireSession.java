package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real PipeWire of its own, with a session manager and a bus, which nobody else sees: it has a
 * {@code sink-N} for each number of channels up to 8 and for 10, which goes nowhere but into
 * recordings, and a stereo {@code source}, which records what is played to it.
 */
final class PipewireSession implements AutoCloseable {
  private static final List<String> PROGRAMS =
      List.of(
          "dbus-daemon",
          "pipewire",
          "wireplumber",
          "pw-record",
          "pw-play",
          "pw-link",
          "pw-cli",
          "pw-top");

  /**
   * Frames of a cycle, 170 ms. pw-record is no realtime program: on a busy machine it misses cycles
   * that are much shorter, and then a recording has gaps that nobody played.
   */
  static final int QUANTUM = 8192;

  private final Path directory;
  private final Process bus;
  private final String busAddress;
  private final List<Process> programs = new ArrayList<>();
  private @Nullable Process pipewire;
  private @Nullable Process wireplumber;

  /** The channels of sinks, by number less 1, as PipeWire names them. */
  private static final List<String> POSITIONS =
      List.of(
          "MONO",
          "FL FR",
          "FL FR FC",
          "FL FR RL RR",
          "FL FR FC RL RR",
          "FL FR FC LFE RL RR",
          "FL FR FC LFE RC SL SR",
          "FL FR FC LFE RL RR SL SR",
          "",
          "AUX0 AUX1 AUX2 AUX3 AUX4 AUX5 AUX6 AUX7 AUX8 AUX9");

  /** Starts all with cycles of {@link #QUANTUM} and waits until it can be used. */
  PipewireSession() {
    this(QUANTUM, QUANTUM);
  }

  /** Starts all, with a graph of 48 kHz, and waits until it can be used. */
  PipewireSession(int minQuantum, int maxQuantum) {
    this(minQuantum, maxQuantum, 48000);
  }

  /**
   * Starts all and waits until it can be used.
   *
   * @param minQuantum fewest frames of a cycle
   * @param maxQuantum most frames of a cycle, which is what a graph has that nobody asks for less
   * @param rate of the graph, in Hz
   */
  PipewireSession(int minQuantum, int maxQuantum, int rate) {
    List<String> missing = PROGRAMS.stream().filter(program -> !isOnPath(program)).toList();
    if (!missing.isEmpty()) {
      fail(
          "these tests need %s: install dbus-daemon, pipewire, pipewire-bin and wireplumber",
          missing);
    }
    try {
      directory = Files.createTempDirectory("pw");
      Path configuration = Files.createDirectories(directory.resolve("pipewire/pipewire.conf.d"));
      Files.writeString(
          configuration.resolve("test.conf"),
          clock(minQuantum, maxQuantum, rate)
              + "context.objects = [\n"
              + sinks()
              + node("source", "Audio/Source/Virtual", POSITIONS.get(1))
              + "]\n");
      bus =
          new ProcessBuilder("dbus-daemon", "--session", "--nofork", "--print-address")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      busAddress =
          new BufferedReader(new InputStreamReader(bus.getInputStream(), StandardCharsets.UTF_8))
              .readLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    startServer();
  }

  private static String clock(int minQuantum, int maxQuantum, int rate) {
    return String.format(
        Locale.ROOT,
        "context.properties = { default.clock.quantum = %2$d default.clock.min-quantum = %1$d"
            + " default.clock.max-quantum = %2$d default.clock.rate = %3$d }\n",
        minQuantum,
        maxQuantum,
        rate);
  }

  private static String node(String name, String mediaClass, String positions) {
    return String.format(
        Locale.ROOT,
        "{ factory = adapter args = { factory.name = support.null-audio-sink node.name = %s"
            + " media.class = %s audio.position = [ %s ] } }\n",
        name,
        mediaClass,
        positions);
  }

  private static String sinks() {
    StringBuilder sinks = new StringBuilder();
    for (int channels = 1; channels <= POSITIONS.size(); channels++) {
      if (!POSITIONS.get(channels - 1).isEmpty()) {
        sinks.append(node("sink-" + channels, "Audio/Sink", POSITIONS.get(channels - 1)));
      }
    }
    return sinks.toString();
  }

  private static boolean isOnPath(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
  }

  /** The channels of the sink with so many, as pw-record wants them. */
  static String channelMap(int channels) {
    return POSITIONS.get(channels - 1).replace(' ', ',') + ","; // else it takes odd ones for one
  }

  /** The absolute path of PipeWire's socket. */
  String socket() {
    return directory.resolve("pipewire-0").toString();
  }

  /** Options for the backend to play to the sink with so many channels, and record the source. */
  Map<String, String> options(int channels) {
    return Map.of(
        "pipewire-remote",
        socket(),
        "pipewire-playback-target",
        "sink-" + channels,
        "pipewire-capture-target",
        "source");
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  /** Starts PipeWire and the session manager. */
  void startServer() {
    pipewire = start("pipewire");
    await("PipeWire's socket", () -> Files.exists(Path.of(socket())));
    wireplumber = start("wireplumber");
    await("the nodes' ports", () -> run("pw-cli", "ls", "Port").contains("source:capture"));
  }

  /** Ends the session manager: from now on nobody links streams to sinks. */
  void stopLinking() {
    end(wireplumber);
  }

  /** Ends PipeWire, as an update does. */
  void stopServer() {
    end(pipewire);
    end(wireplumber);
  }

  /** Starts a program within the session. */
  Process start(String... command) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      Map<String, String> environment = builder.environment();
      for (String variable : List.of("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME")) {
        environment.put(variable, directory.toString());
      }
      environment.put("DBUS_SESSION_BUS_ADDRESS", busAddress);
      environment.remove("PIPEWIRE_REMOTE");
      environment.remove("PIPEWIRE_RUNTIME_DIR");
      Process process =
          builder
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(file(command[0] + ".log").toFile()))
              .start();
      programs.add(process);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a program prints. */
  String run(String... command) {
    Path log = file(command[0] + ".log");
    try {
      Files.deleteIfExists(log);
      start(command).waitFor(10, TimeUnit.SECONDS);
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        fail("there is no sign of %s", what);
      }
      pause(20);
    }
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static void end(@Nullable Process process) {
    if (process != null) {
      process.destroy();
      try {
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void close() {
    programs.forEach(PipewireSession::end);
    end(bus);
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
