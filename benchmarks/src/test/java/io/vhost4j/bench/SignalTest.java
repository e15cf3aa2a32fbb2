package io.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever ends the program with a signal gets rid of all that it has started. */
class SignalTest {
  private static final int TERMINATED = 128 + 15;

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path directory;

  private List<ProcessHandle> children = List.of();

  @AfterEach
  void endChildren() {
    children.forEach(ProcessHandle::destroyForcibly);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.getFileName().toString().startsWith("vhost4j")).toList();
    }
  }

  @Test
  void sigtermEndsAllProcessesAndLeavesNoFiles() throws Exception {
    Path started = directory.resolve("started");
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                System.getProperty("java.class.path"),
                Bench.class.getName(),
                "latency",
                "--quick",
                "--exec",
                "sh -c 'sleep 600 & echo >" + started + "; wait' {socket}")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    try {
      for (int i = 0; i < 6000 && !Files.exists(started) && program.isAlive(); i++) {
        Thread.sleep(10);
      }
      children = program.descendants().toList();
      assertThat(children).as("the floor, a shell and what it has started").hasSizeGreaterThan(2);
      assertThat(files()).isNotEmpty();

      program.destroy();

      assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(program.exitValue()).isEqualTo(TERMINATED);
      for (ProcessHandle child : children) {
        child.onExit().get(10, TimeUnit.SECONDS);
      }
      assertThat(files()).isEmpty();
      assertThat(directory.resolve("output")).content().isEmpty();
    } finally {
      program.destroyForcibly();
    }
  }
}
