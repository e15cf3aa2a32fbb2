package io.vhost4j.audio.none;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.Allocations;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioOptionException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.StreamClock;
import java.nio.ByteBuffer;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NullBackendTest {
  private static final PcmParameters U8 =
      new PcmParameters(SampleFormat.U8, SampleRate.HZ_8000, 1, 3200, 800);

  private static AudioBackend backend(String pacing) {
    return new NullBackendProvider().open(Map.of("pacing", pacing));
  }

  @Test
  void canBeAnythingWithSamplesOfWholeBytes() throws Exception {
    StreamCapabilities can = backend("none").capabilities(0, Direction.OUTPUT);
    assertThat(can.formats()).isEqualTo((1L << 25) - 1 - SampleFormat.IMA_ADPCM.mask());
    assertThat(can.rates()).isEqualTo(0xffff);
    assertThat(can.minChannels()).isEqualTo(1);
    assertThat(can.maxChannels()).isEqualTo(18);
  }

  @Test
  void withoutPacingTakesAllAndGivesSilenceAtOnce() throws Exception {
    ByteBuffer frames = ByteBuffer.allocateDirect(5000);
    AudioStream out = backend("none").open(0, Direction.OUTPUT, U8, () -> {});
    out.start();
    out.write(frames);
    assertThat(frames.remaining()).isZero();

    AudioStream in = backend("none").open(1, Direction.INPUT, U8, () -> {});
    in.start();
    in.read(frames.clear());
    assertThat(frames.remaining()).isZero();
    for (int i = 0; i < 5000; i++) {
      assertThat(frames.get(i)).isEqualTo((byte) 0x80);
    }
  }

  @Test
  void isPacedByTheClockUnlessToldOtherwise() throws Exception {
    AudioBackend backend = new NullBackendProvider().open(Map.of());
    assertThat(backend.isImmediate()).isTrue();
    for (Direction direction : Direction.values()) {
      AudioStream stream = backend.open(0, direction, U8, () -> {});
      stream.start();
      assertThat(stream.nanosToWait(8000 * 3600)).isBetween(3_599_000_000_000L, 3_600_000_000_000L);
    }
  }

  @Test
  void takesWhatTheClockSaysIsDueAndNoMore() {
    long[] now = {0};
    StreamClock clock = new StreamClock(Direction.OUTPUT, U8, Pacing.REALTIME, () -> now[0]);
    NullStream stream = new NullStream(SampleFormat.U8, clock);
    stream.start();
    ByteBuffer frames = ByteBuffer.allocate(800);
    stream.write(frames);
    now[0] += 99_999_999;
    stream.write(frames);
    assertThat(frames.remaining()).isEqualTo(800);
    now[0] += 1;
    stream.write(frames);
    assertThat(frames.remaining()).isZero();
    assertThat(stream.xruns()).isZero();
    assertThat(stream.latencyBytes()).isZero();
  }

  @Test
  void refusesAPacingThatIsNone() {
    assertThatThrownBy(() -> backend("slow"))
        .isInstanceOf(AudioOptionException.class)
        .hasMessage("--pacing=slow is unknown: give realtime or fast or none");
  }

  @Test
  void allocatesNothingPerBuffer() throws Exception {
    AudioStream out = backend("none").open(0, Direction.OUTPUT, U8, () -> {});
    AudioStream in = backend("none").open(1, Direction.INPUT, U8, () -> {});
    AudioStream paced = backend("realtime").open(1, Direction.OUTPUT, U8, () -> {});
    out.start();
    in.start();
    paced.start();
    ByteBuffer frames = ByteBuffer.allocateDirect(800);
    long bytes =
        Allocations.of(
            20_000,
            () -> {
              out.write(frames.clear());
              in.read(frames.clear());
              paced.write(frames.clear());
              if (paced.nanosToWait(800) + paced.latencyBytes() + in.nanosToWait(0) == 0) {
                throw new IllegalStateException();
              }
            });
    assertThat(bytes).isLessThan(20_000);
  }
}
