package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The packaged daemon as a process, driven as a user or a service manager would. */
final class Daemon implements AutoCloseable {
  /** The unpacked distribution that the build has left. */
  static final Path DISTRIBUTION = Path.of(System.getProperty("vhost4j.distribution", "?"));

  /** The repository's directory of scripts. */
  static final Path SCRIPTS = Path.of(System.getProperty("vhost4j.scripts", "?"));

  /** Long enough for a busy machine; a hang is what fails. */
  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final BufferedReader out;
  private final CompletableFuture<List<String>> err;

  private Daemon(Process process) {
    this.process = process;
    this.out = reader(process.getInputStream());
    this.err =
        CompletableFuture.supplyAsync(
            () -> reader(process.getErrorStream()).lines().toList(), Daemon::onItsOwnThread);
  }

  /** Reading lasts as long as the daemon: on a shared pool the next one's would never begin. */
  private static void onItsOwnThread(Runnable task) {
    Thread thread = new Thread(task, "stderr of a daemon");
    thread.setDaemon(true);
    thread.start();
  }

  private static BufferedReader reader(InputStream stream) {
    return new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
  }

  static Path launcher() {
    return DISTRIBUTION.resolve("bin/vhost-device-sound");
  }

  /** Starts the launcher on the Java that runs the tests. */
  static Daemon start(String... args) throws IOException {
    return start(Map.of(), args);
  }

  /** Starts the program of another device. */
  static Daemon startDevice(String device, String... args) throws IOException {
    return start(DISTRIBUTION.resolve("bin/vhost-device-" + device), Map.of(), args);
  }

  static Daemon start(Map<String, String> environment, String... args) throws IOException {
    return start(launcher(), environment, args);
  }

  /**
   * @param environment added to that of the tests; an empty value removes a variable
   */
  static Daemon start(Path launcher, Map<String, String> environment, String... args)
      throws IOException {
    return startBy(List.of(), launcher, environment, args);
  }

  /**
   * Starts the launcher by another program.
   *
   * @param starter a command that ends by executing the words after it
   */
  static Daemon startBy(List<String> starter, String... args) throws IOException {
    return startBy(starter, launcher(), Map.of(), args);
  }

  /** The same with the program of another device. */
  static Daemon startDeviceBy(List<String> starter, String device, String... args)
      throws IOException {
    return startBy(starter, DISTRIBUTION.resolve("bin/vhost-device-" + device), Map.of(), args);
  }

  private static Daemon startBy(
      List<String> starter, Path launcher, Map<String, String> environment, String... args)
      throws IOException {
    // With nohup, or in the background of a script, the tests have inherited signals as ignored.
    List<String> command =
        new ArrayList<>(List.of("/usr/bin/env", "--default-signal=HUP,INT,TERM"));
    command.addAll(starter);
    command.add(launcher.toString());
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("NOTIFY_SOCKET");
    builder.environment().remove("VHOST4J_PATH");
    environment.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            builder.environment().remove(name);
          } else {
            builder.environment().put(name, value);
          }
        });
    return new Daemon(builder.start());
  }

  /** Waits for the line READY, and for nothing else. */
  Daemon awaitReady() throws IOException {
    String line = out.readLine();
    assertThat(line)
        .as("stdout; stderr: %s", line == null ? err.join() : "open")
        .isEqualTo("READY");
    return this;
  }

  /** Sends SIGTERM. */
  Daemon terminate() {
    // Process.destroy() would close the streams too.
    process.toHandle().destroy();
    return this;
  }

  /** Sends a signal by name, for example {@code INT}. */
  Daemon signal(String name) throws Exception {
    int status =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start().waitFor();
    assertThat(status).isZero();
    return this;
  }

  /** The exit status, as soon as there is one. */
  int exitStatus() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).as("process ended").isTrue();
    return process.exitValue();
  }

  /** The rest of stdout; the process is to end. */
  List<String> out() {
    return out.lines().toList();
  }

  /** All of stderr; the process is to end. */
  List<String> err() {
    return err.join();
  }

  /** What the launcher has become: the Java virtual machine with its options. */
  List<String> arguments() {
    return List.of(process.info().arguments().orElseThrow());
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
