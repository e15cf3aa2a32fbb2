package io.vhost4j.audio.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.SampleFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KilledPlayTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"U8, 1, 1", "U8, 1, 50000", "S16, 2, 1", "S16, 2, 200000", "S24_3, 3, 90000"})
  void aKilledProcessLeavesAValidFileWithAllThatWasPlayed(
      SampleFormat format, int channels, int enough) throws Exception {
    Path file = directory.resolve("out.wav");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                EndlessPlay.class.getName(),
                file.toString(),
                format.name(),
                Integer.toString(channels))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("said").toFile())
            .start();
    try {
      while (process.isAlive() && (Files.notExists(file) || Files.size(file) < enough)) {
        Thread.sleep(1);
      }
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue())
        .as(Files.readString(directory.resolve("said")))
        .isEqualTo(128 + 9);

    WavReader.Audio audio = Wavs.audio(file);
    int bufferBytes = 33 * format.bytes() * channels;
    assertThat(audio.format()).isEqualTo(new WavFormat(format, 48000, channels));
    assertThat(audio.bytes() % bufferBytes).isZero();
    byte[] all = Files.readAllBytes(file);
    for (int i = 0; i < audio.bytes(); i++) {
      assertThat(all[(int) audio.start() + i]).isEqualTo((byte) i);
    }
    // Killed between frames and header it has one buffer, and padding, that are not told.
    assertThat(all.length - audio.start() - audio.bytes()).isBetween(0L, bufferBytes + 1L);
    assertThat(sizeIn(all, 4) + 8).isEqualTo(audio.start() + audio.bytes() + audio.bytes() % 2);
    assertThat(sizeIn(all, (int) audio.start() - 4)).isEqualTo(audio.bytes());
  }

  private static long sizeIn(byte[] file, int index) {
    return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(index);
  }
}
