package io.vhost4j.audio.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.Allocations;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioOptionException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBackendTest {
  @TempDir Path directory;

  /** Unpaced, options as {@code name=value}, {@code DIR} for the test's directory. */
  private AudioBackend backend(String... options) throws AudioException {
    Map<String, String> map = new HashMap<>();
    map.put("pacing", "none");
    map.put("playback-file", "DIR/out.wav");
    for (String option : options) {
      int equals = option.indexOf('=');
      map.put(option.substring(0, equals), option.substring(equals + 1));
    }
    map.replaceAll((name, value) -> value.replace("DIR", directory.toString()));
    return new FileBackendProvider().open(map);
  }

  private void assertRefused(String message, String... options) {
    assertThatThrownBy(() -> backend(options))
        .isInstanceOf(AudioException.class)
        .hasMessage(message.replace("DIR", directory.toString()));
  }

  private void assertMistyped(String message, String... options) {
    assertThatThrownBy(() -> backend(options))
        .isInstanceOf(AudioOptionException.class)
        .hasMessage(message);
  }

  private static AudioStream open(AudioBackend backend, int id, Direction direction)
      throws AudioException {
    AudioStream stream = backend.open(id, direction, Wavs.STEREO, () -> {});
    stream.start();
    return stream;
  }

  private static void play(AudioBackend backend, int id, int sample) throws AudioException {
    try (AudioStream stream = open(backend, id, Direction.OUTPUT)) {
      stream.write(Wavs.direct(new byte[] {(byte) sample, 0, (byte) sample, 0}));
    }
  }

  private static byte[] record(AudioStream stream, int bytes) throws AudioException {
    ByteBuffer frames = ByteBuffer.allocateDirect(bytes);
    stream.read(frames);
    byte[] recorded = new byte[bytes];
    assertThat(frames.remaining()).isZero();
    frames.flip().get(recorded);
    return recorded;
  }

  private byte[] data(String name) throws Exception {
    return Wavs.data(directory.resolve(name));
  }

  // Options and what can be known at the start.

  @Test
  void hasOptionsWithTheirDefaults() {
    assertThat(new FileBackendProvider().options())
        .extracting(AudioOption::name, AudioOption::defaultValue)
        .extracting(Object::toString)
        .containsExactly(
            "(\"playback-file\", \"playback-%d.wav\")",
            "(\"capture-file\", \"\")",
            "(\"capture-loop\", \"false\")",
            "(\"pacing\", \"realtime\")");
  }

  @Test
  void refusesMistypedOptionsWithOneLine() {
    assertMistyped("--pacing=slow is unknown: give realtime or fast or none", "pacing=slow");
    assertMistyped(
        "--capture-loop=maybe is unknown: give true or false",
        "capture-loop=maybe",
        "capture-file=DIR/in.wav");
    assertMistyped("--capture-loop needs a --capture-file to start over", "capture-loop=true");
    assertMistyped(
        "the audio backend file has no option 'playback_file': it has playback-file, capture-file,"
            + " capture-loop, pacing",
        "playback_file=x.wav");
  }

  @Test
  void refusesNamesOfFilesThatCannotBe() throws Exception {
    Wavs.stereo(directory.resolve("in.wav"), new byte[8]);
    Files.createSymbolicLink(directory.resolve("link.wav"), directory.resolve("in.wav"));
    assertRefused(
        "--capture-file=a\0b is no file name: Nul character not allowed", "capture-file=a\0b");
    assertRefused(
        "cannot play into DIR/link.wav: it is the capture file, give another name",
        "playback-file=DIR/link.wav",
        "capture-file=DIR/in.wav");
  }

  @Test
  void refusesFilesThatCannotBeWritten() throws Exception {
    assertRefused("cannot play into DIR: it is no regular file", "playback-file=DIR");
    assertRefused(
        "cannot play into DIR/no/out.wav: there is no directory DIR/no, create it",
        "playback-file=DIR/no/out.wav");
    assertRefused(
        "cannot play into DIR/no/0.wav: there is no directory DIR/no, create it",
        "playback-file=DIR/no/%d.wav");
    // Where not even root can write.
    assertThatThrownBy(() -> backend("playback-file=/proc/out.wav"))
        .isInstanceOf(AudioException.class)
        .hasMessageStartingWith("cannot play into /proc/out.wav: ");
  }

  @Test
  void refusesCaptureFilesThatCannotBeRecorded() throws Exception {
    assertRefused(
        "cannot record from DIR/no.wav: no such file or directory", "capture-file=DIR/no.wav");
    assertRefused("cannot record from DIR: it is no regular file", "capture-file=DIR");
    Path file = Files.writeString(directory.resolve("in.wav"), "This is no music.");
    assertRefused("cannot record from DIR/in.wav: it is no WAV file", "capture-file=DIR/in.wav");
    Wavs.write(file, Wavs.fmt(1, 2, 37800, 4, 16), Wavs.chunk("data", new byte[8]));
    assertRefused(
        "cannot record from DIR/in.wav: virtio-sound has no rate of 37800 Hz, convert it to 48000"
            + " Hz",
        "capture-file=DIR/in.wav");
    Wavs.write(file, Wavs.fmt(1, 20, 48000, 40, 16), Wavs.chunk("data", new byte[80]));
    assertRefused(
        "cannot record from DIR/in.wav: virtio-sound has 18 channels at most and the file has 20",
        "capture-file=DIR/in.wav");
  }

  @Test
  void leavesTheFileOfAnEarlierRunUntilSomeonePlays() throws Exception {
    Path out = Files.write(directory.resolve("out.wav"), Wavs.noise(100, 1));
    try (AudioBackend backend = backend()) {
      backend.open(0, Direction.OUTPUT, Wavs.STEREO, () -> {}).close();
      assertThat(out).hasBinaryContent(Wavs.noise(100, 1));
      play(backend, 0, 1);
      assertThat(data("out.wav")).containsExactly(1, 0, 1, 0);
    }
    try (AudioBackend backend = backend()) {
      play(backend, 0, 2);
      assertThat(data("out.wav")).containsExactly(2, 0, 2, 0);
    }
  }

  // What streams can be.

  @Test
  void playsAllThatWavHoldsBitForBit() throws Exception {
    try (AudioBackend backend = backend()) {
      assertThat(backend.isImmediate()).isFalse();
      StreamCapabilities can = backend.capabilities(0, Direction.OUTPUT);
      assertThat(can).isEqualTo(new StreamCapabilities(WavFormat.WRITABLE, 0xffff, 1, 18));
    }
  }

  @Test
  void recordsWhatTheFileIsAndNothingElse() throws Exception {
    Wavs.write(
        directory.resolve("in.wav"),
        Wavs.fmt(3, 5, 96000, 20, 32),
        Wavs.chunk("data", new byte[40]));
    StreamCapabilities expected =
        new StreamCapabilities(SampleFormat.FLOAT.mask(), SampleRate.HZ_96000.mask(), 5, 5);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav")) {
      assertThat(backend.capabilities(Direction.INPUT)).isEqualTo(expected);
      assertThat(backend.capabilities(3, Direction.INPUT)).isEqualTo(expected);
    }
  }

  @Test
  void eachInputCanHaveItsOwnFile() throws Exception {
    Wavs.stereo(directory.resolve("in-1.wav"), new byte[] {1, 1, 1, 1});
    Wavs.write(
        directory.resolve("in-2.wav"), Wavs.fmt(1, 1, 8000, 1, 8), Wavs.chunk("data", (byte) 2));
    try (AudioBackend backend = backend("capture-file=DIR/in-%d.wav")) {
      assertThat(backend.capabilities(2, Direction.INPUT))
          .isEqualTo(
              new StreamCapabilities(SampleFormat.U8.mask(), SampleRate.HZ_8000.mask(), 1, 1));
      assertThatThrownBy(() -> backend.capabilities(3, Direction.INPUT))
          .hasMessage("cannot record from %s/in-3.wav: no such file or directory", directory);
      try (AudioStream stream = open(backend, 1, Direction.INPUT)) {
        assertThat(record(stream, 4)).containsExactly(1, 1, 1, 1);
      }
      assertThatThrownBy(() -> open(backend, 2, Direction.INPUT))
          .isInstanceOf(AudioException.class)
          .hasMessage(
              "cannot record from %s/in-2.wav: it is U8, 1 channel, 8000 Hz and the guest records"
                  + " S16, 2 channels, 48000 Hz",
              directory);
    }
  }

  // Names.

  @Test
  void eachStreamCanHaveItsOwnFile() throws Exception {
    try (AudioBackend backend = backend("playback-file=DIR/out-%d.wav")) {
      play(backend, 0, 1);
      play(backend, 17, 2);
      play(backend, 0, 3);
    }
    assertThat(data("out-0.wav")).containsExactly(1, 0, 1, 0, 3, 0, 3, 0);
    assertThat(data("out-17.wav")).containsExactly(2, 0, 2, 0);
  }

  @Test
  void streamsAndCardsOfOneNameDoNotWriteIntoTheSameFile() throws Exception {
    try (AudioBackend first = backend();
        AudioBackend second = backend();
        AudioBackend other = backend("playback-file=DIR/x-%d.wav");
        AudioBackend otherSecond = backend("playback-file=DIR/x-%d.wav")) {
      play(second, 0, 3);
      play(first, 2, 1);
      play(first, 4, 2);
      play(first, 2, 1);
      play(other, 0, 4);
      play(otherSecond, 0, 5);
    }
    assertThat(data("out.wav")).containsExactly(1, 0, 1, 0, 1, 0, 1, 0);
    assertThat(data("out-stream4.wav")).containsExactly(2, 0, 2, 0);
    assertThat(data("out-card2.wav")).containsExactly(3, 0, 3, 0);
    assertThat(data("x-0.wav")).containsExactly(4, 0, 4, 0);
    assertThat(data("x-0-card2.wav")).containsExactly(5, 0, 5, 0);
    try (AudioBackend again = backend()) {
      play(again, 0, 6);
    }
    assertThat(data("out.wav")).containsExactly(6, 0, 6, 0);
  }

  // Recording.

  @Test
  void recordsTheFileBitForBitThenSilence() throws Exception {
    byte[] noise = Wavs.noise(4 * 10_007, 5);
    Wavs.stereo(directory.resolve("in.wav"), noise);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav");
        AudioStream stream = open(backend, 1, Direction.INPUT)) {
      byte[] recorded = new byte[4 * 15_000];
      for (int at = 0; at < recorded.length; at += 4000) {
        System.arraycopy(record(stream, 4000), 0, recorded, at, 4000);
      }
      assertThat(recorded).isEqualTo(Arrays.copyOf(noise, recorded.length));
      assertThat(stream.xruns()).isZero();
    }
  }

  @Test
  void recordsTheFileAgainAndAgainIfToldTo() throws Exception {
    byte[] noise = Wavs.noise(4 * 7, 5);
    Wavs.stereo(directory.resolve("in.wav"), noise);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav", "capture-loop=true");
        AudioStream stream = open(backend, 1, Direction.INPUT)) {
      byte[] recorded = record(stream, 4 * 7000);
      for (int at = 0; at < recorded.length; at++) {
        assertThat(recorded[at]).isEqualTo(noise[at % noise.length]);
      }
    }
  }

  @Test
  void aFileWithoutAudioIsSilence() throws Exception {
    Wavs.write(directory.resolve("in.wav"), Wavs.fmt(1, 1, 8000, 1, 8), Wavs.chunk("data"));
    PcmParameters phone = Wavs.parameters(SampleFormat.U8, SampleRate.HZ_8000, 1);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav", "capture-loop=true");
        AudioStream stream = backend.open(1, Direction.INPUT, phone, () -> {})) {
      stream.start();
      assertThat(record(stream, 3)).containsExactly(0x80, 0x80, 0x80);
    }
  }

  @Test
  void everyPrepareBeginsAtTheStartAndEveryStartGoesOn() throws Exception {
    byte[] noise = Wavs.noise(400, 5);
    Wavs.stereo(directory.resolve("in.wav"), noise);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav")) {
      for (int round = 0; round < 2; round++) {
        try (AudioStream stream = open(backend, 1, Direction.INPUT)) {
          assertThat(record(stream, 100)).isEqualTo(Arrays.copyOf(noise, 100));
          stream.stop();
          assertThat(stream.nanosToWait(100)).isEqualTo(Long.MAX_VALUE);
          stream.start();
          assertThat(record(stream, 100)).isEqualTo(Arrays.copyOfRange(noise, 100, 200));
        }
      }
    }
  }

  @Test
  void withoutACaptureFileRecordsSilence() throws Exception {
    try (AudioBackend backend = backend();
        AudioStream stream = open(backend, 1, Direction.INPUT)) {
      assertThat(backend.capabilities(1, Direction.INPUT).maxChannels()).isEqualTo(18);
      assertThat(record(stream, 4)).containsExactly(0, 0, 0, 0);
    }
  }

  @Test
  void tellsWhenTheFileChangesUnderARecording() throws Exception {
    Path in = Wavs.stereo(directory.resolve("in.wav"), new byte[400]);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav")) {
      try (AudioStream stream = open(backend, 1, Direction.INPUT)) {
        record(stream, 100);
        Files.write(in, new byte[0]);
        assertThatThrownBy(() -> record(stream, 100))
            .isInstanceOf(AudioException.class)
            .hasMessage("cannot record from %s: it has become shorter", in);
      }
      Wavs.stereo(in, new byte[] {1, 2, 3, 4});
      try (AudioStream stream = open(backend, 1, Direction.INPUT)) {
        assertThat(record(stream, 4)).containsExactly(1, 2, 3, 4);
      }
    }
  }

  // Both.

  @Test
  void keepsTimeWithTheClockByDefault() throws Exception {
    Wavs.stereo(directory.resolve("in.wav"), new byte[400]);
    try (AudioBackend backend = backend("pacing=realtime", "capture-file=DIR/in.wav")) {
      for (Direction direction : Direction.values()) {
        try (AudioStream stream = open(backend, direction == Direction.OUTPUT ? 0 : 1, direction)) {
          int hour = Wavs.STEREO.bytesPerSecond() * 3600;
          assertThat(stream.nanosToWait(hour)).isBetween(3_599_000_000_000L, 3_600_000_000_000L);
          ByteBuffer frames = ByteBuffer.allocateDirect(192_000);
          if (direction == Direction.OUTPUT) {
            stream.write(frames);
          } else {
            stream.read(frames);
          }
          assertThat(frames.position()).isZero();
        }
      }
    }
    assertThat(data("out.wav")).isEmpty();
  }

  @Test
  void allocatesNothingPerBuffer() throws Exception {
    Wavs.stereo(directory.resolve("in.wav"), new byte[4 * 1_000_003]);
    try (AudioBackend backend = backend("capture-file=DIR/in.wav", "capture-loop=true");
        AudioStream out = open(backend, 0, Direction.OUTPUT);
        AudioStream in = open(backend, 1, Direction.INPUT)) {
      ByteBuffer frames = ByteBuffer.allocateDirect(1920);
      long bytes =
          Allocations.of(
              5000,
              () -> {
                in.read(frames.clear());
                out.write(frames.clear());
              });
      assertThat(bytes).isLessThan(5000);
    }
  }
}
