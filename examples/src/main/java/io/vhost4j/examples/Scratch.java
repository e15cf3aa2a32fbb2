package io.vhost4j.examples;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vhost4j.event.NativeTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A temporary directory and the processes that use it. All are gone when it is closed, and when a
 * signal ends the program.
 */
final class Scratch implements AutoCloseable {
  private static final long END_SECONDS = 5;

  private final Path directory;
  private final List<Process> processes = new ArrayList<>();
  private boolean removed;
  private final Thread hook = new Thread(this::remove, "end");

  Scratch() throws IOException {
    directory = Files.createTempDirectory("vhost4j-demo");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  Path resolve(String name) {
    return directory.resolve(name);
  }

  /** Starts a process that ends with the directory at the latest. */
  Process start(ProcessBuilder builder) throws IOException {
    synchronized (processes) {
      if (removed) {
        throw new IOException("the program is ending");
      }
      Process process = builder.start();
      processes.add(process);
      return process;
    }
  }

  /** Asks it to end, and ends it if it does not. */
  static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // A signal ends the program and the hook is at it. What fails by that is no news, so nobody
      // is told: this waits for the end and never returns.
      System.exit(1);
    }
    remove();
  }

  private void remove() {
    synchronized (processes) {
      removed = true;
    }
    processes.forEach(Scratch::end);
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + directory, e);
    }
  }

  /** One event loop, and no folder of Vert.x for files of the class path, as there are none. */
  static Vertx vertx() {
    return NativeTransport.vertx(
        new VertxOptions()
            .setEventLoopPoolSize(1)
            .setFileSystemOptions(
                new FileSystemOptions()
                    .setFileCachingEnabled(false)
                    .setClassPathResolvingEnabled(false)));
  }
}
