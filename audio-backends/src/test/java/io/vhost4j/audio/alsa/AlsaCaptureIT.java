package io.vhost4j.audio.alsa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;

/** Capture as hardware sees it: S16 stereo at 48 kHz, 4 periods of 480 frames (10 ms). */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@ExtendWith(RealAlsa.class)
class AlsaCaptureIT {
  private static final int FRAME = 4;
  private static final int PERIOD = 480 * FRAME;
  private static final int RING = 4 * PERIOD;
  private static final long MILLI = 1_000_000;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, RING, PERIOD);

  private final byte[] sound = noise();
  private final JavaCard card = new JavaCard(Direction.INPUT, sound);
  private final AlsaPcm pcm = card.pcm();
  private final byte[] recorded = new byte[sound.length];
  private final ByteBuffer frames = ByteBuffer.wrap(recorded);
  private AudioStream stream;

  private static byte[] noise() {
    byte[] noise = new byte[50 * RING];
    new Random(2).nextBytes(noise);
    return noise;
  }

  @BeforeEach
  void open() throws AudioException {
    pcm.configure(PARAMETERS);
    stream = new AlsaCapture(pcm, PARAMETERS);
  }

  @AfterEach
  void close() {
    stream.close();
    assertThat(card.closes).isOne();
  }

  private void read(int bytes) throws AudioException {
    frames.limit(frames.position() + bytes);
    stream.read(frames);
  }

  /** A38. */
  @Test
  void capturesNothingBeforeStart() throws Exception {
    read(PERIOD);
    assertThat(frames.position()).isZero();
    assertThat(card.starts).isZero();
    assertThat(stream.nanosToWait(PERIOD)).isEqualTo(Long.MAX_VALUE);
    stream.start();
    card.advance(480);
    read(PERIOD);
    assertThat(frames.position()).isEqualTo(PERIOD);
    assertThat(recorded).startsWith(Arrays.copyOf(sound, PERIOD));
  }

  /** A48: the buffer is full before it is returned, so the wait is for all of it. */
  @Test
  void waitsForTheRestOfTheBuffer() throws Exception {
    stream.start();
    assertThat(stream.nanosToWait(PERIOD)).isEqualTo(10 * MILLI);
    assertThat(stream.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    card.advance(240);
    assertThat(stream.nanosToWait(PERIOD)).isEqualTo(5 * MILLI);
    read(PERIOD);
    assertThat(frames.position()).isEqualTo(240 * FRAME);
    card.advance(240);
    assertThat(stream.nanosToWait(frames.remaining())).isZero();
    assertThat(stream.nanosToWait(RING)).as("half a ring at most").isEqualTo(15 * MILLI);
  }

  @Test
  void latencyIsWhatWasCapturedAndNotFetched() throws Exception {
    stream.start();
    card.advance(480);
    card.behind = 48;
    assertThat(stream.latencyBytes()).isEqualTo(PERIOD + 48 * FRAME);
    read(PERIOD);
    assertThat(stream.latencyBytes()).isEqualTo(48 * FRAME);
  }

  @Test
  void countsAnOverrunAndRecordsOn() throws Exception {
    stream.start();
    card.advance(3000);
    read(PERIOD);
    assertThat(stream.xruns()).isOne();
    assertThat(frames.position()).isZero();
    card.advance(480);
    read(PERIOD);
    assertThat(stream.xruns()).isOne();
    assertThat(Arrays.copyOf(recorded, PERIOD))
        .isEqualTo(Arrays.copyOfRange(sound, 3000 * FRAME, 3000 * FRAME + PERIOD));
  }

  @Test
  void comesBackWhenTheHostHasSlept() throws Exception {
    stream.start();
    card.suspend();
    assertThat(stream.nanosToWait(PERIOD)).isEqualTo(10 * MILLI);
    assertThat(stream.xruns()).isOne();
    card.advance(480);
    read(PERIOD);
    assertThat(frames.position()).isEqualTo(PERIOD);
  }

  @Test
  void namesADeviceThatIsUnplugged() throws Exception {
    stream.start();
    card.advance(480);
    card.unplug();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> read(PERIOD))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("capture device 'java-card' was unplugged");
      assertThat(stream.nanosToWait(PERIOD)).isZero();
    }
  }

  /** A39. */
  @Test
  void keepsOverAPauseWhatWasCapturedBeforeIt() throws Exception {
    stream.start();
    card.advance(700);
    read(PERIOD);
    stream.stop();
    card.advance(480);
    read(PERIOD);
    assertThat(frames.position()).as("read during the pause").isEqualTo(PERIOD);
    stream.start();
    card.advance(480);
    read(2 * PERIOD);
    assertThat(frames.position()).isEqualTo((700 + 480) * FRAME);
    assertThat(Arrays.copyOf(recorded, frames.position()))
        .isEqualTo(Arrays.copyOf(sound, frames.position()));
    assertThat(stream.xruns()).isZero();
  }

  @Test
  void capturesEveryFrameOnceInOrderOverManyPauses() throws Exception {
    Random random = new Random(7);
    boolean started = false;
    int captured = 0;
    while (captured < sound.length / FRAME - 300) {
      if (random.nextInt(3) == 0) {
        if (started) {
          stream.stop();
        } else {
          stream.start();
        }
        started = !started;
      } else if (started) {
        int step = random.nextInt(300);
        card.advance(step);
        captured += step;
        int unread = captured - frames.position() / FRAME;
        // Often enough that the ring does not run over.
        read((unread > 1200 ? unread : random.nextInt(unread + 1)) * FRAME);
        assertThat(frames.remaining()).isZero();
      }
    }
    assertThat(stream.xruns()).isZero();
    assertThat(frames.position()).isGreaterThan(sound.length / 2);
    assertThat(Arrays.copyOf(recorded, frames.position()))
        .isEqualTo(Arrays.copyOf(sound, frames.position()));
  }

  @Test
  void allocatesNothingPerBuffer() throws Exception {
    AlsaPcm nothing = AlsaPcm.open("nothing", Direction.INPUT);
    nothing.configure(PARAMETERS);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    ByteBuffer buffer = ByteBuffer.allocateDirect(PERIOD);
    try (AudioStream capture = new AlsaCapture(nothing, PARAMETERS)) {
      capture.start();
      long allocated = 0;
      for (int round = 0; round < 2; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20_000; i++) {
          capture.read(buffer.clear());
          capture.nanosToWait(PERIOD + capture.latencyBytes());
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      assertThat(allocated / 20_000).isZero();
    }
  }
}
