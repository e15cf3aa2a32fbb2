package io.vhost4j.audio.alsa;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Plays to and records from files through the real libasound, byte by byte. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@ExtendWith(RealAlsa.class)
class AlsaFileIT {
  private static final int PERIODS = 4;
  private static final int PERIOD_FRAMES = 480;

  @TempDir Path directory;

  static Stream<Arguments> parameters() {
    Stream<PcmParameters> formats =
        Arrays.stream(SampleFormat.values())
            .filter(format -> format != SampleFormat.IMA_ADPCM)
            .flatMap(f -> Stream.of(1, 2, 6).map(c -> parameters(f, SampleRate.HZ_48000, c)));
    Stream<PcmParameters> rates =
        Arrays.stream(SampleRate.values()).map(r -> parameters(SampleFormat.S16, r, 2));
    Stream<PcmParameters> many = Stream.of(parameters(SampleFormat.S32, SampleRate.HZ_44100, 18));
    return Stream.of(formats, rates, many).flatMap(s -> s).map(Arguments::of);
  }

  private static PcmParameters parameters(SampleFormat format, SampleRate rate, int channels) {
    int period = PERIOD_FRAMES * format.bytes() * channels;
    return new PcmParameters(format, rate, channels, PERIODS * period, period);
  }

  @ParameterizedTest
  @MethodSource("parameters")
  void playsBitForBit(PcmParameters parameters) throws Exception {
    Path file = directory.resolve("played.raw");
    byte[] sound = noise(7 * parameters.bufferBytes() + 3 * parameters.frameBytes());

    try (AudioBackend backend = RealAlsa.open("play_to:" + file, "nothing");
        AudioStream stream = backend.open(0, Direction.OUTPUT, parameters, () -> {})) {
      ByteBuffer frames = ByteBuffer.allocateDirect(sound.length).put(sound);
      frames.flip().limit(parameters.periodBytes());
      stream.write(frames);
      assertThat(frames.hasRemaining()).isFalse();
      assertThat(stream.pendingBytes()).isEqualTo(parameters.periodBytes());
      stream.start();
      frames.limit(sound.length);
      while (frames.hasRemaining()) {
        assertThat(stream.nanosToWait(frames.remaining())).isZero();
        stream.write(frames);
      }
      assertThat(stream.pendingBytes()).isZero();
      assertThat(stream.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
      assertThat(stream.xruns()).isZero();
    }

    assertThat(Files.readAllBytes(file)).isEqualTo(sound);
  }

  @ParameterizedTest
  @MethodSource("parameters")
  void recordsBitForBit(PcmParameters parameters) throws Exception {
    Path file = directory.resolve("source.raw");
    byte[] sound = noise(7 * parameters.bufferBytes());
    Files.write(file, sound);

    byte[] recorded = new byte[sound.length];
    try (AudioBackend backend = RealAlsa.open("nothing", "record_from:" + file);
        AudioStream stream = backend.open(1, Direction.INPUT, parameters, () -> {})) {
      ByteBuffer frames = ByteBuffer.wrap(recorded).limit(0);
      stream.start();
      while (frames.limit() < recorded.length) {
        frames.limit(frames.limit() + parameters.periodBytes());
        assertThat(stream.nanosToWait(frames.remaining())).isZero();
        stream.read(frames);
        assertThat(frames.hasRemaining()).isFalse();
      }
      assertThat(stream.xruns()).isZero();
    }

    assertThat(recorded).isEqualTo(sound);
  }

  @Test
  void goesOnRecordingAfterAPauseWithoutLosingAFrame() throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, SampleRate.HZ_48000, 2);
    Path file = directory.resolve("source.raw");
    byte[] sound = noise(3 * parameters.bufferBytes());
    Files.write(file, sound);

    byte[] recorded = new byte[sound.length];
    try (AudioBackend backend = RealAlsa.open("nothing", "record_from:" + file);
        AudioStream stream = backend.open(1, Direction.INPUT, parameters, () -> {})) {
      ByteBuffer frames = ByteBuffer.wrap(recorded).limit(parameters.periodBytes() / 2);
      stream.start();
      stream.read(frames);
      stream.stop();
      frames.limit(recorded.length);
      assertThat(stream.nanosToWait(frames.remaining())).isEqualTo(Long.MAX_VALUE);
      stream.read(frames);
      assertThat(frames.position()).isEqualTo(parameters.periodBytes() / 2);
      stream.start();
      stream.read(frames);
      assertThat(frames.hasRemaining()).isFalse();
    }

    assertThat(recorded).isEqualTo(sound);
  }

  private static byte[] noise(int bytes) {
    byte[] noise = new byte[bytes];
    new Random(bytes).nextBytes(noise);
    return noise;
  }
}
