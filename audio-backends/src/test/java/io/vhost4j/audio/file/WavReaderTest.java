package io.vhost4j.audio.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.SampleFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WavReaderTest {
  private static final WavFormat CD = new WavFormat(SampleFormat.S16, 48000, 2);
  private static final byte[] FMT = Wavs.fmt(1, 2, 48000, 4, 16);
  private static final byte[] DATA = {1, 2, 3, 4, 5, 6, 7, 8};

  @SuppressWarnings("NullAway.Init")
  private static FileChannel fuzzed;

  @TempDir Path directory;

  private Path file() {
    return directory.resolve("a.wav");
  }

  private static void assertAudio(Path file, byte[] expected) throws IOException {
    WavReader.Audio audio = Wavs.audio(file);
    assertThat(audio.format()).isEqualTo(CD);
    byte[] all = Files.readAllBytes(file);
    assertThat(Arrays.copyOfRange(all, (int) audio.start(), (int) (audio.start() + audio.bytes())))
        .isEqualTo(expected);
  }

  private void assertRefused(String why) {
    assertThatThrownBy(() -> Wavs.audio(file())).isInstanceOf(IOException.class).hasMessage(why);
  }

  @Test
  void findsTheAudioAmongOtherChunksOddOnesPadded() throws Exception {
    Wavs.write(
        file(),
        Wavs.chunk("LIST", new byte[4711]),
        FMT,
        Wavs.chunk("odd ", (byte) 1),
        Wavs.chunk("nil "),
        Wavs.chunk("data", DATA),
        Wavs.chunk("LIST", new byte[26]));
    assertAudio(file(), DATA);
  }

  @Test
  void findsAFormatThatComesAfterTheData() throws Exception {
    Wavs.write(file(), Wavs.chunk("data", DATA), FMT);
    assertAudio(file(), DATA);
  }

  @Test
  void takesTheFirstOfSeveral() throws Exception {
    Wavs.write(
        file(),
        FMT,
        Wavs.fmt(1, 1, 8000, 1, 8),
        Wavs.chunk("data", DATA),
        Wavs.chunk("data", new byte[16]));
    assertAudio(file(), DATA);
  }

  @ParameterizedTest
  @CsvSource({"-1", "0x7fffffff", "9", "2147483640"})
  void dataEndsWithTheFileWhateverItsSizeSays(String size) throws Exception {
    Wavs.write(file(), FMT, Wavs.chunk("data", Integer.decode(size), DATA));
    assertAudio(file(), DATA);
  }

  @Test
  void aFrameThatIsNotWholeIsLeftOut() throws Exception {
    Wavs.write(file(), FMT, Wavs.chunk("data", Arrays.copyOf(DATA, 7)));
    assertAudio(file(), Arrays.copyOf(DATA, 4));
  }

  @Test
  void readsTheLongSizesOfRf64() throws Exception {
    ByteBuffer ds64 = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    ds64.putLong(0, 1000).putLong(8, DATA.length);
    Wavs.write(
        file(),
        Wavs.chunk("ds64", ds64.array()),
        FMT,
        Wavs.chunk("data", -1, DATA),
        Wavs.chunk("LIST", new byte[100]));
    byte[] all = Files.readAllBytes(file());
    Files.write(file(), asRf64(all));
    assertAudio(file(), DATA);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 8, U8",
    "1, 2, 16, S16",
    "1, 2, 12, S16",
    "1, 3, 24, S24_3",
    "1, 3, 20, S24_3",
    "1, 4, 32, S32",
    "1, 4, 24, S24",
    "3, 4, 32, FLOAT",
    "3, 8, 64, FLOAT64",
    "6, 1, 8, A_LAW",
    "7, 1, 8, MU_LAW",
  })
  void knowsTheFormatsOfVirtioSound(int tag, int bytes, int bits, SampleFormat format)
      throws Exception {
    Wavs.write(file(), Wavs.fmt(tag, 3, 8000, 3 * bytes, bits), Wavs.chunk("data", DATA));
    assertThat(Wavs.audio(file()).format()).isEqualTo(new WavFormat(format, 8000, 3));
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 4", "1, 5, 40", "1, 2, 17", "1, 2, 0", "3, 2, 16", "0, 257, 8", "85, 1, 0"})
  void refusesOtherFormats(int tag, int bytes, int bits) throws Exception {
    Wavs.write(file(), Wavs.fmt(tag, 1, 8000, bytes, bits), Wavs.chunk("data", DATA));
    assertRefused(
        "its samples, format tag %d with %d bits in %d bytes, are unknown"
            .formatted(tag, bits, bytes));
  }

  @Test
  void refusesWhatIsNoWavFile() throws Exception {
    Files.write(file(), new byte[0]);
    assertRefused("it is no WAV file");
    Files.write(file(), "RIFF\0\0\0\0AVI LIST".getBytes(StandardCharsets.UTF_8));
    assertRefused("it is no WAV file");
    Wavs.write(file());
    assertRefused("its fmt chunk is missing");
    Wavs.write(file(), Wavs.chunk("data", DATA));
    assertRefused("its fmt chunk is missing");
    Wavs.write(file(), FMT);
    assertRefused("its data chunk is missing");
    Wavs.write(file(), Wavs.chunk("fmt ", Arrays.copyOfRange(FMT, 8, 22)));
    assertRefused("its fmt chunk is too short");
    Wavs.write(file(), Wavs.fmt(1, 0, 48000, 4, 16));
    assertRefused("it has frames of 4 bytes for 0 channels");
    Wavs.write(file(), Wavs.fmt(1, 3, 48000, 4, 16));
    assertRefused("it has frames of 4 bytes for 3 channels");
    Wavs.write(file(), Wavs.fmt(1, 2, 0, 4, 16));
    assertRefused("its rate is 0 Hz");
    Wavs.write(file(), Wavs.fmt(1, 2, -1, 4, 16));
    assertRefused("its rate is 4294967295 Hz");
    Wavs.write(file(), Wavs.fmt(0xfffe, 2, 48000, 4, 16));
    assertRefused("its extensible format is unknown");
  }

  @Test
  void doesNotSearchForever() throws Exception {
    byte[][] chunks = new byte[1001][];
    Arrays.fill(chunks, Wavs.chunk("nil "));
    chunks[1000] = FMT;
    Wavs.write(file(), chunks);
    assertRefused("its fmt chunk is missing");
  }

  @Property(tries = 5000)
  void whateverIsBrokenItRefusesOrFindsWholeFramesInTheFile(
      @ForAll Random random, @ForAll @IntRange(max = 8) int flips, @ForAll boolean cut)
      throws Exception {
    byte[] bytes = wellFormed(random);
    for (int i = 0; i < flips; i++) {
      // Where the header is, mostly, and values that are edges.
      int at = random.nextInt(random.nextInt(4) == 0 ? bytes.length : Math.min(100, bytes.length));
      bytes[at] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(3) - 1);
    }
    int length = cut ? random.nextInt(bytes.length) : bytes.length;
    fuzzed.write(ByteBuffer.wrap(bytes, 0, length), 0);
    fuzzed.truncate(length);
    try {
      WavReader.Audio audio = WavReader.read(fuzzed);
      assertThat(audio.start()).isBetween(12L, fuzzed.size());
      assertThat(audio.bytes()).isBetween(0L, fuzzed.size() - audio.start());
      assertThat(audio.format().frameBytes()).isPositive();
      assertThat(audio.bytes() % audio.format().frameBytes()).isZero();
      assertThat(audio.format().hertz()).isPositive();
    } catch (IOException e) {
      assertThat(e).hasMessageStartingWith("it");
    }
  }

  @BeforeContainer
  static void openFuzzed() throws IOException {
    Path file = Files.createTempFile("fuzz", ".wav");
    fuzzed = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    Files.delete(file);
  }

  @AfterContainer
  static void closeFuzzed() throws IOException {
    fuzzed.close();
  }

  private static byte[] asRf64(byte[] file) {
    file[1] = 'F';
    file[2] = '6';
    file[3] = '4';
    return file;
  }

  private static byte[] wellFormed(Random random) {
    if (random.nextInt(4) == 0) {
      byte[] ds64 = Wavs.chunk("ds64", new byte[28]);
      return asRf64(Wavs.riff(ds64, FMT, Wavs.chunk("data", -1, DATA)));
    }
    SampleFormat[] formats = {SampleFormat.U8, SampleFormat.S24, SampleFormat.FLOAT};
    WavFormat format =
        new WavFormat(formats[random.nextInt(formats.length)], 48000, 1 + random.nextInt(18));
    ByteBuffer header = format.header();
    byte[] data = new byte[random.nextInt(40) * format.frameBytes()];
    format.putSizes(header, data.length);
    return ByteBuffer.allocate(header.remaining() + data.length).put(header).put(data).array();
  }
}
