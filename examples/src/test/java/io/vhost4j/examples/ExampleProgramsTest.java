package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples as programs: what they say, and their status. */
class ExampleProgramsTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(classes = {EmbeddedSoundCard.class, RandomNumberDevice.class, EntropyDemo.class})
  void wrongUsageSaysWhatIsRight(Class<?> program) throws Exception {
    try (ProgramRun run = start(program)) {
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.err().lines()).hasSize(1);
      assertThat(run.err()).contains("usage: " + program.getSimpleName());
    }
  }

  @ParameterizedTest
  @CsvSource({"EmbeddedSoundCard,sound.wav", "RandomNumberDevice,"})
  void aSocketThatCannotBeMadeEndsTheProgram(String name, String recording) throws Exception {
    Path socket = directory.resolve("missing/x.sock");
    try (ProgramRun run = start(name, socket, recording)) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err().lines()).hasSize(1);
      assertThat(run.err()).startsWith(name + ": ").contains(socket.toString());
    }
  }

  @Test
  void aRecordingThatCannotBeWrittenEndsTheProgram() throws Exception {
    try (ProgramRun run =
        start("EmbeddedSoundCard", directory.resolve("x.sock"), "missing/sound.wav")) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err().lines()).hasSize(1);
      assertThat(run.err()).startsWith("EmbeddedSoundCard: ").contains("missing/sound.wav");
    }
  }

  @ParameterizedTest
  @CsvSource({"EmbeddedSoundCard,sound.wav", "RandomNumberDevice,"})
  void aSignalEndsTheProgramAndItsSocket(String name, String recording) throws Exception {
    Path socket = directory.resolve("x.sock");
    try (ProgramRun run = start(name, socket, recording)) {
      run.awaitOut(out -> out.contains("listens on " + socket));
      assertThat(socket).exists();
      run.terminate();
      assertThat(run.status()).isEqualTo(128 + 15);
      assertThat(socket).doesNotExist();
      assertThat(run.err()).isEmpty();
    }
  }

  private ProgramRun start(String name, Path socket, String recording) throws Exception {
    Class<?> program = Class.forName("io.vhost4j.examples." + name);
    return recording == null
        ? start(program, socket.toString())
        : start(program, socket.toString(), directory.resolve(recording).toString());
  }

  private ProgramRun start(Class<?> program, String... arguments) throws IOException {
    return ProgramRun.start(directory, Map.of(), ProgramRun.java(directory, program, arguments));
  }
}
