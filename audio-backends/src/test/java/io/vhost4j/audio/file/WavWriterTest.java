package io.vhost4j.audio.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.vhost4j.audio.Allocations;
import io.vhost4j.audio.SampleFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WavWriterTest {
  @TempDir Path directory;

  private static Stream<Arguments> formats() {
    return Stream.of(SampleFormat.values())
        .filter(format -> (format.mask() & WavFormat.WRITABLE) != 0)
        .flatMap(
            format -> Stream.of(1, 2, 3, 6, 8, 18).map(channels -> Arguments.of(format, channels)));
  }

  /** The JDK knows A-law and mu-law by their own tags only. */
  private static Stream<Arguments> formatsOfTheJdk() {
    return formats().filter(a -> !isLaw(a.get()[0]) || (int) a.get()[1] <= 2);
  }

  private static Stream<Arguments> formatsOfAplay() {
    return formats().filter(a -> !isLaw(a.get()[0]) && a.get()[0] != SampleFormat.FLOAT64);
  }

  private static boolean isLaw(Object format) {
    return format == SampleFormat.A_LAW || format == SampleFormat.MU_LAW;
  }

  private static WavWriter writer(Path file, WavFormat format) {
    return new WavWriter(file, format, WavFormat.MAX_RIFF_BYTES);
  }

  /** An odd number of frames, in writes of several sizes. */
  private static byte[] writeNoise(Path file, WavFormat format) throws IOException {
    byte[] noise = Wavs.noise(9999 * format.frameBytes(), format.hashCode());
    try (WavWriter writer = writer(file, format)) {
      writer.open();
      int at = 0;
      for (int frames : new int[] {1, 480, 0, 9000, 518}) {
        int end = at + frames * format.frameBytes();
        writer.write(Wavs.direct(Arrays.copyOfRange(noise, at, end)));
        at = end;
        assertThat(Wavs.data(file)).hasSize(at);
      }
    }
    return noise;
  }

  /** What WAVE has for the samples of virtio-sound: those of fewer bits at the top of 32. */
  private static byte[] stored(SampleFormat format, byte[] samples) {
    int shift = format == SampleFormat.S20 ? 12 : format == SampleFormat.S24 ? 8 : 0;
    ByteBuffer stored = ByteBuffer.wrap(samples.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; shift > 0 && i < samples.length; i += 4) {
      stored.putInt(i, stored.getInt(i) << shift);
    }
    return stored.array();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void whatIsWrittenIsReadBitForBit(SampleFormat format, int channels) throws Exception {
    Path file = directory.resolve("a.wav");
    byte[] noise = writeNoise(file, new WavFormat(format, 44100, channels));
    boolean shifted = format == SampleFormat.S20 || format == SampleFormat.S24;
    assertThat(Wavs.audio(file).format())
        .isEqualTo(new WavFormat(shifted ? SampleFormat.S32 : format, 44100, channels));
    assertThat(Wavs.data(file)).isEqualTo(stored(format, noise));
  }

  @ParameterizedTest
  @MethodSource("formatsOfTheJdk")
  void theReaderOfTheJdkUnderstandsIt(SampleFormat format, int channels) throws Exception {
    Path file = directory.resolve("a.wav");
    byte[] noise = writeNoise(file, new WavFormat(format, 44100, channels));
    try (AudioInputStream in = AudioSystem.getAudioInputStream(file.toFile())) {
      AudioFormat found = in.getFormat();
      assertThat(found.getEncoding())
          .isEqualTo(
              switch (format) {
                case U8 -> AudioFormat.Encoding.PCM_UNSIGNED;
                case FLOAT, FLOAT64 -> AudioFormat.Encoding.PCM_FLOAT;
                case A_LAW -> AudioFormat.Encoding.ALAW;
                case MU_LAW -> AudioFormat.Encoding.ULAW;
                default -> AudioFormat.Encoding.PCM_SIGNED;
              });
      assertThat(found.getChannels()).isEqualTo(channels);
      assertThat(found.getSampleRate()).isEqualTo(44100);
      assertThat(found.getSampleSizeInBits()).isEqualTo(format.physicalBits());
      assertThat(in.getFrameLength()).isEqualTo(9999);
      assertThat(in.readAllBytes()).isEqualTo(stored(format, noise));
    }
  }

  @ParameterizedTest
  @MethodSource("formatsOfAplay")
  void aplayUnderstandsIt(SampleFormat format, int channels) throws Exception {
    Path aplay = Path.of("/usr/bin/aplay");
    assumeThat(aplay).exists();
    Path file = directory.resolve("a.wav");
    Path raw = directory.resolve("a.raw");
    byte[] noise = writeNoise(file, new WavFormat(format, 44100, channels));
    Process process =
        new ProcessBuilder(
                aplay.toString(), "-q", "-D", "file:FILE=" + raw + ",FORMAT=raw", file.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
    assertThat(Arrays.copyOf(Files.readAllBytes(raw), noise.length))
        .isEqualTo(stored(format, noise));
  }

  @Test
  void cdAudioHasTheClassicHeader() throws Exception {
    Path file = directory.resolve("a.wav");
    try (WavWriter writer = writer(file, new WavFormat(SampleFormat.S16, 44100, 2))) {
      writer.open();
      writer.write(Wavs.direct(new byte[] {1, 2, 3, 4}));
    }
    assertThat(HexFormat.of().formatHex(Files.readAllBytes(file)))
        .isEqualTo(
            "52494646"
                + "28000000"
                + "57415645"
                + "666d7420"
                + "10000000"
                + "0100"
                + "0200"
                + "44ac0000"
                + "10b10200"
                + "0400"
                + "1000"
                + "64617461"
                + "04000000"
                + "01020304");
  }

  @Test
  void surroundIn24BitsHasTheExtensibleHeader() throws Exception {
    Path file = directory.resolve("a.wav");
    try (WavWriter writer = writer(file, new WavFormat(SampleFormat.S24, 48000, 6))) {
      writer.open();
      writer.write(Wavs.direct(new byte[24 * 5]));
    }
    assertThat(HexFormat.of().formatHex(Files.readAllBytes(file), 0, 80))
        .isEqualTo(
            "52494646"
                + "c0000000"
                + "57415645"
                + "666d7420"
                + "28000000"
                + "feff"
                + "0600"
                + "80bb0000"
                + "00941100"
                + "1800"
                + "2000"
                + "1600"
                + "1800"
                + "3f000000"
                + "01000000"
                + "0000"
                + "1000"
                + "800000aa00389b71"
                + "66616374"
                + "04000000"
                + "05000000"
                + "64617461"
                + "78000000");
  }

  @Test
  void shiftsFramesOfAnyByteOrder() throws Exception {
    WavFormat format = new WavFormat(SampleFormat.S24, 48000, 1);
    for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
      Path file = directory.resolve("a" + order + ".wav");
      try (WavWriter writer = writer(file, format)) {
        writer.open();
        writer.write(Wavs.direct(new byte[] {1, 2, 3, -1, 4, 5, 6, 0}).order(order));
      }
      assertThat(Wavs.data(file)).containsExactly(0, 1, 2, 3, 0, 4, 5, 6);
    }
  }

  @Test
  void appendsWhenOpenedAgain() throws Exception {
    Path file = directory.resolve("a.wav");
    WavWriter writer = writer(file, new WavFormat(SampleFormat.U8, 8000, 1));
    for (int play = 0; play < 3; play++) {
      writer.open();
      writer.write(Wavs.direct(new byte[] {(byte) play, 7, (byte) play}));
      writer.close();
    }
    assertThat(Wavs.data(file)).containsExactly(0, 7, 0, 1, 7, 1, 2, 7, 2);
  }

  @Test
  void beginsAnewOverAnOlderFileAndWhenItsOwnIsGoneOrCut() throws Exception {
    Path file = Files.write(directory.resolve("a.wav"), Wavs.noise(5000, 1));
    WavWriter writer = writer(file, new WavFormat(SampleFormat.S16, 8000, 1));
    writer.open();
    assertThat(Wavs.data(file)).isEmpty();
    writer.write(Wavs.direct(new byte[] {1, 2}));
    writer.close();

    Files.delete(file);
    writer.open();
    writer.write(Wavs.direct(new byte[] {3, 4}));
    writer.close();
    assertThat(Wavs.data(file)).containsExactly(3, 4);

    Files.write(file, new byte[45]);
    writer.open();
    writer.write(Wavs.direct(new byte[] {5, 6}));
    writer.close();
    assertThat(Wavs.data(file)).containsExactly(5, 6);
    assertThat(directory).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void theLargestFileStillTellsItsSize() {
    for (SampleFormat sample : List.of(SampleFormat.U8, SampleFormat.S24_3)) {
      WavFormat format = new WavFormat(sample, 48000, 7);
      ByteBuffer header = format.header();
      long most = format.maxDataBytes(header, WavFormat.MAX_RIFF_BYTES);
      format.putSizes(header, most);
      long riff = Integer.toUnsignedLong(header.getInt(4));
      assertThat(riff).isEqualTo(header.limit() - 8 + most + most % 2);
      assertThat(riff).isBetween(WavFormat.MAX_RIFF_BYTES - format.frameBytes() - 1, 0xffff_ffffL);
      assertThat(Integer.toUnsignedLong(header.getInt(header.limit() - 4))).isEqualTo(most);
    }
  }

  @Test
  void allocatesNothingPerWrite() throws Exception {
    for (SampleFormat sample : List.of(SampleFormat.S16, SampleFormat.U8, SampleFormat.S24)) {
      WavFormat format = new WavFormat(sample, 48000, 1);
      ByteBuffer frames = ByteBuffer.allocateDirect(333 * format.frameBytes());
      try (WavWriter writer = writer(directory.resolve(sample + ".wav"), format)) {
        writer.open();
        long bytes = Allocations.of(5000, () -> writer.write(frames.clear()));
        assertThat(bytes).as(sample.name()).isLessThan(5000);
      }
    }
  }
}
