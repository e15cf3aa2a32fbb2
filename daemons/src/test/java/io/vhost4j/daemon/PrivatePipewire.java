package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A real PipeWire without hardware and its null sink, kept by scripts/pipewire-session.sh. */
final class PrivatePipewire implements AutoCloseable {
  private static final String REPORT =
      "echo \"$XDG_RUNTIME_DIR\"; echo \"$DBUS_SESSION_BUS_ADDRESS\"; read line";

  private static final int ATTEMPTS = 5;

  /** Frames of a cycle, 170 ms: less than half of what a Linux guest buffers. */
  private static final String QUANTUM = "8192";

  private final Process session;
  private final Map<String, String> environment;

  /** Starts it and waits until it is usable. */
  PrivatePipewire() throws IOException {
    session =
        new ProcessBuilder(
                Daemon.SCRIPTS.resolve("pipewire-session.sh").toString(),
                "--format",
                "S16LE",
                "--quantum",
                QUANTUM,
                "sh",
                "-c",
                REPORT)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(session.getInputStream(), StandardCharsets.UTF_8));
    String runtime = out.readLine();
    String bus = out.readLine();
    assertThat(bus).as("the session's bus").isNotNull();
    environment = Map.of("XDG_RUNTIME_DIR", runtime, "DBUS_SESSION_BUS_ADDRESS", bus);
  }

  /** What programs need to find it. */
  Map<String, String> environment() {
    return environment;
  }

  /** Starts a program in it, whose output goes to that of the tests. */
  Process start(String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** Makes a source that gives what is played to the null sink. */
  void createSource(String name) throws Exception {
    String properties =
        "{ factory.name=support.null-audio-sink node.name=%s media.class=Audio/Source/Virtual"
            + " object.linger=true audio.rate=48000 audio.format=S16LE audio.position=[FL FR] }";
    run("pw-cli", "create-node", "adapter", properties.formatted(name));
    for (String channel : List.of("FL", "FR")) {
      String input = name + ":input_" + channel;
      while (!run("pw-link", "-i").contains(input)) {
        assertThat(session.isAlive()).isTrue();
        Thread.sleep(50);
      }
      run("pw-link", "test-sink:monitor_" + channel, input);
    }
  }

  private String run(String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
    return said;
  }

  /** Records from now on what is played to the null sink. */
  Recorder recordSink(Path file) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                "pw-record",
                "--target",
                "test-sink",
                "-P",
                "{ stream.capture.sink=true }",
                "--format",
                "s16",
                "--rate",
                "48000",
                "--channels",
                "2",
                "--raw",
                "-")
            .redirectOutput(file.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    return new Recorder(builder.start(), file);
  }

  @Override
  public void close() throws IOException {
    session.getOutputStream().close(); // ends the read
    try {
      if (!session.waitFor(20, TimeUnit.SECONDS)) {
        session.destroy();
      }
    } catch (InterruptedException e) {
      session.destroy();
      Thread.currentThread().interrupt();
    }
  }

  /** A play or a recording with a check of what came of it. */
  interface Attempt {
    void run() throws Exception;
  }

  /**
   * PipeWire's graph keeps time: on a machine that is too busy for it there are gaps by nobody's
   * fault. So an attempt is made again some times when it fails, and once it must be whole.
   */
  static void untilWhole(Attempt attempt) throws Exception {
    for (int i = 1; ; i++) {
      try {
        attempt.run();
        return;
      } catch (AssertionError e) {
        if (i == ATTEMPTS) {
          throw e;
        }
        System.out.printf("attempt %d of %d: %s%n", i, ATTEMPTS, e);
      }
    }
  }

  /** pw-record at work. */
  static final class Recorder implements AutoCloseable {
    /** How much longer than the player the graph may have something of it. */
    private static final int TAIL_FRAMES = 24_000;

    private final Process process;
    private final Path file;
    private long start;

    Recorder(Process process, Path file) throws Exception {
      this.process = process;
      this.file = file;
      awaitBytes(1);
    }

    /** Forgets what was recorded so far. */
    void skip() throws IOException {
      start = Files.size(file);
    }

    /** The clip and silence around it is what was recorded since {@link #skip()}. */
    void assertHeard(Clip clip) throws Exception {
      awaitBytes(Files.size(file) + (long) TAIL_FRAMES * clip.frameBytes());
      byte[] all = Files.readAllBytes(file);
      int end = all.length - all.length % clip.frameBytes();
      new Arrived(
              "recorded from the sink", clip.withBytes(Arrays.copyOfRange(all, (int) start, end)))
          .thenSilenceUpTo(Integer.MAX_VALUE)
          .then(clip)
          .thenSilenceUpTo(Integer.MAX_VALUE)
          .end();
    }

    private void awaitBytes(long bytes) throws Exception {
      while (!Files.exists(file) || Files.size(file) < bytes) {
        assertThat(process.isAlive()).as("pw-record goes on").isTrue();
        Thread.sleep(20);
      }
    }

    @Override
    public void close() {
      process.destroy();
    }
  }
}
