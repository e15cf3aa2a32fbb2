package io.vhost4j.audio.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.SampleFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlaybackFileTest {
  private static final WavFormat CD = new WavFormat(SampleFormat.S16, 44100, 2);
  private static final WavFormat PHONE = new WavFormat(SampleFormat.U8, 8000, 1);

  @TempDir Path directory;

  private static void play(PlaybackFile file, WavFormat format, int... bytes)
      throws AudioException {
    file.open(format);
    byte[] frames = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      frames[i] = (byte) bytes[i];
    }
    file.write(Wavs.direct(frames));
    file.close();
  }

  private byte[] data(String name) throws IOException {
    return Wavs.data(directory.resolve(name));
  }

  private String[] names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toArray(String[]::new);
    }
  }

  @Test
  void playsInOneFormatFollowEachOtherAndOthersStartTheNextFile() throws Exception {
    PlaybackFile file = new PlaybackFile(directory.resolve("take.wav"));
    play(file, CD, 1, 1, 1, 1);
    play(file, CD, 2, 2, 2, 2);
    play(file, PHONE, 3, 3, 3);
    play(file, PHONE, 4);
    play(file, CD, 5, 5, 5, 5);
    assertThat(names()).containsExactly("take-2.wav", "take-3.wav", "take.wav");
    assertThat(data("take.wav")).containsExactly(1, 1, 1, 1, 2, 2, 2, 2);
    assertThat(data("take-2.wav")).containsExactly(3, 3, 3, 4);
    assertThat(data("take-3.wav")).containsExactly(5, 5, 5, 5);
  }

  @Test
  void aFileThatNothingWasPlayedIntoTakesTheNextFormat() throws Exception {
    PlaybackFile file = new PlaybackFile(directory.resolve("take.wav"));
    play(file, CD);
    play(file, PHONE);
    play(file, CD, 1, 2, 3, 4);
    assertThat(names()).containsExactly("take.wav");
    assertThat(data("take.wav")).containsExactly(1, 2, 3, 4);
  }

  @ParameterizedTest
  @CsvSource({
    "a.wav, a-2.wav",
    "a.WAV, a-2.WAV",
    "a.wave, a-2.wave",
    "a, a-2",
    "v1.5, v1.5-2",
    "a.b.wav, a.b-2.wav",
    ".wav, .wav-2",
    "wav, wav-2",
  })
  void theNumberGoesBeforeTheExtension(String first, String second) {
    assertThat(FileNames.withSuffix(Path.of("/x.wav/y", first), "-2"))
        .isEqualTo(Path.of("/x.wav/y", second));
  }

  @Test
  void goesOnInTheNextFileWhenOneIsFull() throws Exception {
    PlaybackFile file = new PlaybackFile(directory.resolve("take.wav"), 36 + 100);
    byte[] noise = Wavs.noise(280, 1);
    file.open(CD);
    for (int at = 0; at < noise.length; at += 40) {
      file.write(Wavs.direct(Arrays.copyOfRange(noise, at, at + 40)));
    }
    file.close();
    assertThat(data("take.wav")).isEqualTo(Arrays.copyOf(noise, 80));
    assertThat(data("take-2.wav")).isEqualTo(Arrays.copyOfRange(noise, 80, 160));
    assertThat(data("take-3.wav")).isEqualTo(Arrays.copyOfRange(noise, 160, 240));
    play(file, CD, 1, 2, 3, 4);
    assertThat(data("take-4.wav")).hasSize(44);
  }

  @Test
  void refusesASecondPlayAtTheSameTime() throws Exception {
    PlaybackFile file = new PlaybackFile(directory.resolve("take.wav"));
    file.open(CD);
    assertThatThrownBy(() -> file.open(CD))
        .isInstanceOf(AudioException.class)
        .hasMessage("cannot play into %s/take.wav: another stream still does", directory);
    file.close();
    file.open(CD);
    file.close();
  }

  @Test
  void tellsOfAFullDisk() {
    assumeThat(Path.of("/dev/full")).exists();
    PlaybackFile file = new PlaybackFile(Path.of("/dev/full"));
    assertThatThrownBy(() -> file.open(CD))
        .isInstanceOf(AudioException.class)
        .hasMessage("cannot play into /dev/full: No space left on device");
  }

  @Test
  void aDirectoryThatHasGoneFailsOneFormatAndNotTheNextPlay() throws Exception {
    Path inner = Files.createDirectory(directory.resolve("inner"));
    PlaybackFile file = new PlaybackFile(inner.resolve("take.wav"));
    play(file, CD, 1, 2, 3, 4);
    Path moved = Files.move(inner, directory.resolve("moved"));
    for (WavFormat format : new WavFormat[] {CD, PHONE, PHONE}) {
      assertThatThrownBy(() -> file.open(format))
          .isInstanceOf(AudioException.class)
          .hasMessageMatching(
              "cannot play into .*inner/take(-2)?\\.wav: no such file or directory");
    }
    Files.move(moved, inner);
    play(file, PHONE, 5, 6, 7);
    assertThat(data("inner/take.wav")).containsExactly(1, 2, 3, 4);
    assertThat(data("inner/take-2.wav")).containsExactly(5, 6, 7);
  }

  @Test
  void anErrorInWriteIsToldAndTheNextPlayGoesOnAfterWhatWasWritten() throws Exception {
    PlaybackFile file = new PlaybackFile(directory.resolve("take.wav"));
    file.open(CD);
    file.write(Wavs.direct(new byte[] {1, 2, 3, 4}));
    // An interrupt closes a channel.
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> file.write(Wavs.direct(new byte[4])))
        .isInstanceOf(AudioException.class)
        .hasMessageStartingWith("cannot play into " + directory.resolve("take.wav") + ": ");
    assertThat(Thread.interrupted()).isTrue();
    file.close();
    assertThat(data("take.wav")).containsExactly(1, 2, 3, 4);
    play(file, CD, 5, 6, 7, 8);
    assertThat(data("take.wav")).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }
}
