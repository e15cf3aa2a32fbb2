package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The demos as a user sees them. */
class DemoIT {
  private static final String DAEMON = System.getProperty("vhost4j.daemon", "?");

  @TempDir Path directory;
  private Path temporary;

  @BeforeEach
  void makeTemporaryDirectory() throws IOException {
    temporary = Files.createDirectory(directory.resolve("tmp"));
  }

  @Test
  void withoutATerminalItPrintsWhatTheReadmeShows() throws Exception {
    try (ProgramRun demo = demo()) {
      assertThat(demo.status()).as(demo.err()).isZero();
      assertThat(Readme.withoutNumbers(demo.out()))
          .isEqualTo(Readme.withoutNumbers(Readme.block("The daemon listens")));
      assertThat(demo.err()).doesNotContain("\r").doesNotContain("\033");
      assertThat(demo.err().lines()).hasSizeBetween(1, 20);
    }
    assertNothingIsLeft();
  }

  @Test
  void onATerminalTheBarGoesAway() throws Exception {
    String command =
        demoCommand().stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    try (ProgramRun demo =
        ProgramRun.start(directory, Map.of(), List.of("script", "-qec", command, "/dev/null"))) {
      assertThat(demo.status()).as(demo.out()).isZero();
      String shown = asShown(demo.out());
      assertThat(Readme.withoutNumbers(shown))
          .isEqualTo(Readme.withoutNumbers(Readme.block("The daemon listens")));
      assertThat(demo.out()).contains("Playing   [====");
    }
  }

  @Test
  void aSignalEndsItAndItsDaemonAndItsFiles() throws Exception {
    try (ProgramRun demo = demo()) {
      demo.awaitOut(out -> out.contains("The daemon listens"));
      assertThatASignalEndsAll(demo);
    }
  }

  @Test
  void aSignalEndsADaemonThatStarts() throws Exception {
    try (ProgramRun demo = demo()) {
      while (demo.handle().children().findAny().isEmpty()) {
        assertThat(demo.handle().isAlive()).as(demo.err()).isTrue();
        Thread.sleep(5);
      }
      assertThatASignalEndsAll(demo);
    }
  }

  private void assertThatASignalEndsAll(ProgramRun demo) throws Exception {
    List<ProcessHandle> children = demo.handle().descendants().toList();
    assertThat(children).isNotEmpty();
    try {
      demo.terminate();
      assertThat(demo.status()).isEqualTo(128 + 15);
      assertThat(demo.err()).as("what ends by a signal has not failed").isEmpty();
      for (ProcessHandle child : children) {
        child.onExit().get(20, TimeUnit.SECONDS);
      }
    } finally {
      children.forEach(ProcessHandle::destroyForcibly);
    }
    assertNothingIsLeft();
  }

  @Test
  @EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
  void aGuestReadsWhatTheRandomNumberDeviceGave() throws Exception {
    String boot = System.getProperty("vhost4j.scripts") + "/guest/boot.sh";
    try (ProgramRun demo =
        ProgramRun.start(
            directory, Map.of(), ProgramRun.java(temporary, EntropyDemo.class, boot))) {
      assertThat(demo.status()).as("%s%s", demo.out(), demo.err()).isZero();
      assertThat(Readme.withoutNumbers(demo.out()))
          .isEqualTo(Readme.withoutNumbers(Readme.block("An entropy source listens")));
      assertThat(demo.err()).isEmpty();
    }
    assertNothingIsLeft();
  }

  private ProgramRun demo() throws IOException {
    return ProgramRun.start(directory, Map.of(), demoCommand());
  }

  private List<String> demoCommand() {
    Path result = directory.resolve("demo.wav");
    return ProgramRun.java(temporary, Demo.class, DAEMON, result.toString());
  }

  private void assertNothingIsLeft() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files.filter(file -> !file.getFileName().toString().startsWith("hsperfdata")))
          .isEmpty();
    }
  }

  /** The lines that a terminal is left with. */
  private static String asShown(String output) {
    return Stream.of(output.replace("\r\n", "\n").split("\n"))
        .map(line -> line.substring(line.lastIndexOf("\r\033[K") + 1).replace("\033[K", ""))
        .collect(Collectors.joining("\n"));
  }
}
