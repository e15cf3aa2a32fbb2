package io.vhost4j.bench.target;

import java.io.File;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A backend in a process of its own, started by a command of the user. */
public final class ProcessTarget implements Target {
  /** Stands in the command for the path of the socket. */
  public static final String PLACEHOLDER = "{socket}";

  /** Stands in the command for a directory that is gone with the process. */
  public static final String DIRECTORY = "{directory}";

  private static final long STOP_SECONDS = 5;
  private static final long START_NANOS = 20_000_000_000L;
  private static final long LISTEN_NANOS = 200_000_000;

  private final String name;
  private final String command;
  private final TemporaryDirectory directory = new TemporaryDirectory();
  private final Path files = directory.resolve("files");
  private final Path socket = directory.resolve("socket");
  private final Path log = directory.resolve("log");
  private final Process process;

  /**
   * Starts the process.
   *
   * @param name for tables
   * @param command for a shell, with {@link #PLACEHOLDER} where the socket's path belongs, and
   *     {@link #DIRECTORY} where that of a directory does
   */
  public ProcessTarget(String name, String command) throws BenchException {
    this(name, command, Map.of());
  }

  /**
   * Starts the process with more in its environment.
   *
   * @param environment what is added to that of this process
   */
  public ProcessTarget(String name, String command, Map<String, String> environment)
      throws BenchException {
    this.name = name;
    this.command = command;
    File output = log.toFile();
    try {
      Files.createDirectory(files);
      // The shell makes way for the command, so that its process is the one to be measured.
      ProcessBuilder builder =
          new ProcessBuilder(List.of("sh", "-c", "exec " + withPaths()))
              .redirectErrorStream(true)
              .redirectOutput(output);
      builder.environment().putAll(environment);
      process = builder.start();
    } catch (IOException e) {
      directory.close();
      throw new BenchException("cannot start " + command + ": " + e.getMessage(), e);
    }
  }

  private String withPaths() {
    return command.replace(PLACEHOLDER, quoted(socket)).replace(DIRECTORY, quoted(files));
  }

  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "'\\''") + "'";
  }

  @Override
  public String name() {
    return name;
  }

  /** Where it listens; with a 0 behind the path that it was given, if it makes that of it. */
  @Override
  public Path socket() {
    Path numbered = Path.of(socket + "0");
    return Files.exists(numbered) ? numbered : socket;
  }

  @Override
  public OptionalLong pid() {
    return OptionalLong.of(process.pid());
  }

  @Override
  public boolean isStarting() throws BenchException {
    if (process.isAlive()) {
      return true;
    }
    throw new BenchException(
        "%s ended with status %d: %s".formatted(command, process.exitValue(), lastWords()));
  }

  private String lastWords() {
    List<String> lines = output();
    return lines.isEmpty()
        ? "it said nothing"
        : String.join(" / ", lines.subList(Math.max(0, lines.size() - 2), lines.size()));
  }

  /** What it has written so far, without empty lines. */
  private List<String> output() {
    try {
      return Files.readString(log)
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Whether it has written this line. */
  public boolean hasSaid(String line) {
    return output().contains(line);
  }

  /** Waits until the socket is there and the process had time to listen at it. */
  public void awaitSocket() throws BenchException {
    long deadline = System.nanoTime() + START_NANOS;
    while (!Files.exists(socket())) {
      if (!isStarting() || System.nanoTime() > deadline) {
        throw new BenchException(command + " does not listen");
      }
      LockSupport.parkNanos(LISTEN_NANOS / 100);
    }
    LockSupport.parkNanos(LISTEN_NANOS);
  }

  /** Whether it listens; it sees a frontend that goes away at once. */
  public boolean canBeConnectedTo() {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
      return channel.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Empties what it writes into its directory, or a disk would fill up. */
  @Override
  public void rest() throws BenchException {
    try (DirectoryStream<Path> written = Files.newDirectoryStream(files)) {
      for (Path file : written) {
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
            .close();
      }
    } catch (IOException e) {
      throw new BenchException("cannot empty %s: %s".formatted(files, e.getMessage()), e);
    }
  }

  /**
   * One more backend of the same process, which lives as long as this.
   *
   * @param number says which: it listens at {socket} with a point and this number behind it
   */
  public Target sibling(int number) {
    return new Sibling(this, Path.of(socket + "." + number));
  }

  private record Sibling(ProcessTarget process, Path socket) implements Target {
    @Override
    public String name() {
      return process.name();
    }

    @Override
    public boolean isStarting() throws BenchException {
      return process.isStarting();
    }

    @Override
    public void close() {}
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    directory.close();
  }
}
