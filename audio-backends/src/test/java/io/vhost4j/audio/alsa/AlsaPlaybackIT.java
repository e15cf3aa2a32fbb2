package io.vhost4j.audio.alsa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.OldDriver;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Playback as hardware sees it: S16 stereo at 48 kHz, 8 periods of 480 frames (10 ms). */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@ExtendWith(RealAlsa.class)
class AlsaPlaybackIT {
  private static final int FRAME = 4;
  private static final int PERIOD = 480 * FRAME;

  /** As much of the ring as is filled: half of the guest's buffer. */
  private static final int RING = 4 * PERIOD;

  private static final long MILLI = 1_000_000;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 2 * RING, PERIOD);

  private final JavaCard card = new JavaCard();
  private final byte[] sound = new byte[50 * RING];
  private final ByteBuffer frames = ByteBuffer.wrap(sound);
  private AudioStream stream;

  @BeforeEach
  void open() throws AudioException {
    new Random(1).nextBytes(sound);
    AlsaPcm pcm = card.pcm();
    pcm.configure(PARAMETERS);
    stream = new AlsaPlayback(pcm, PARAMETERS);
  }

  @AfterEach
  void close() {
    stream.close();
    assertThat(card.closes).isOne();
  }

  private void write(int bytes) throws AudioException {
    frames.limit(frames.position() + bytes);
    stream.write(frames);
  }

  private byte[] soundOf(int bytes) {
    return Arrays.copyOf(sound, bytes);
  }

  /** A33. */
  @Test
  void takesTheGuestsPeriodAndBuffer() {
    assertThat(card.periodFrames()).isEqualTo(480);
    assertThat(card.ringFrames()).isEqualTo(8 * 480);
  }

  /** A37. */
  @Test
  void keepsSilentUntilStarted() throws Exception {
    write(2 * PERIOD);
    assertThat(card.starts).isZero();
    assertThat(stream.pendingBytes()).isEqualTo(2 * PERIOD);
    assertThat(stream.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);

    write(3 * PERIOD);
    assertThat(frames.remaining()).as("what the ring has no room for").isEqualTo(PERIOD);
    assertThat(card.starts).isZero();
    assertThat(stream.nanosToWait(PERIOD)).isEqualTo(Long.MAX_VALUE);

    stream.start();
    assertThat(card.starts).isOne();
    card.advance(480);
    assertThat(card.played.toByteArray()).isEqualTo(soundOf(PERIOD));
  }

  @Test
  void startsWithTheFirstFrameIfThereIsNoneAtStart() throws Exception {
    stream.start();
    assertThat(card.starts).isZero();
    assertThat(stream.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    assertThat(stream.nanosToWait(PERIOD)).isZero();

    write(PERIOD);
    assertThat(card.starts).isOne();
  }

  /** A47: a buffer is done when its last byte has left the ring. */
  @Test
  void consumesWithTheHardwaresPosition() throws Exception {
    write(RING);
    stream.start();
    assertThat(stream.pendingBytes()).isEqualTo(RING);
    assertThat(stream.nanosToWait(0)).as("a period is through").isEqualTo(10 * MILLI);
    assertThat(stream.nanosToWait(PERIOD)).as("there is room").isEqualTo(10 * MILLI);

    card.advance(240);
    assertThat(stream.pendingBytes()).isEqualTo(RING - 240 * FRAME);
    assertThat(stream.nanosToWait(0)).isEqualTo(5 * MILLI);
    assertThat(stream.nanosToWait(120 * FRAME)).as("there is room already").isZero();

    card.advance(239);
    assertThat(stream.nanosToWait(0)).as("one frame more").isBetween(1L, MILLI);

    card.advance(1);
    assertThat(stream.pendingBytes()).isEqualTo(RING - PERIOD);
    assertThat(stream.nanosToWait(PERIOD)).isZero();
    assertThat(stream.nanosToWait(0)).isEqualTo(10 * MILLI);
  }

  /** A46. */
  @Test
  void latencyReachesBeyondTheRing() throws Exception {
    card.behind = 96;
    write(PERIOD);
    assertThat(stream.latencyBytes()).isEqualTo(PERIOD);
    stream.start();
    assertThat(stream.latencyBytes()).isEqualTo(PERIOD + 96 * FRAME);
    card.advance(100);
    assertThat(stream.latencyBytes()).isEqualTo(PERIOD - 4 * FRAME);
  }

  @Test
  void countsAnUnderrunAndPlaysOn() throws Exception {
    write(PERIOD);
    stream.start();
    card.advance(1000);
    write(2 * PERIOD);
    assertThat(stream.xruns()).isOne();
    assertThat(card.starts).isEqualTo(2);
    card.advance(1000);
    write(PERIOD);
    assertThat(stream.xruns()).isEqualTo(2);
    card.advance(479);
    assertThat(stream.pendingBytes()).isEqualTo(FRAME);
    assertThat(card.played.toByteArray()).isEqualTo(soundOf(4 * PERIOD - FRAME));
  }

  @Test
  void theEndOfTheSoundIsNoUnderrun() throws Exception {
    write(3 * PERIOD);
    stream.start();
    card.advance(3 * 480);
    assertThat(stream.pendingBytes()).isZero();
    assertThat(stream.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    assertThat(stream.latencyBytes()).isZero();
    stream.stop();
    assertThat(card.played.toByteArray()).isEqualTo(soundOf(3 * PERIOD));

    stream.start();
    write(PERIOD);
    card.advance(480);
    assertThat(card.played.toByteArray()).isEqualTo(soundOf(4 * PERIOD));
    assertThat(stream.xruns()).isZero();
  }

  /** A47, for the buffer after which the guest stops the stream. */
  @Test
  void theLastFrameIsPendingUntilItIsInTheAir() throws Exception {
    write(PERIOD);
    stream.start();
    card.behind = 60 * 48_000;
    card.advance(480);
    assertThat(stream.pendingBytes()).isEqualTo(FRAME);
    assertThat(stream.nanosToWait(0)).isBetween(1L, 5_000 * MILLI);
    assertThat(stream.nanosToWait(PERIOD)).isZero();

    card.behind = 0;
    write(PERIOD);
    assertThat(stream.pendingBytes()).isEqualTo(PERIOD);
    card.advance(480);
    assertThat(stream.pendingBytes()).isZero();
  }

  @Test
  void comesBackWhenTheHostHasSlept() throws Exception {
    write(PERIOD);
    stream.start();
    card.suspend();
    assertThat(stream.pendingBytes()).isZero();
    int before = card.played.size();
    write(PERIOD);
    card.advance(100);
    assertThat(stream.xruns()).isOne();
    assertThat(card.played.size() - before).isEqualTo(100 * FRAME);
  }

  @Test
  void namesADeviceThatIsUnplugged() throws Exception {
    write(PERIOD);
    stream.start();
    card.unplug();
    assertThat(stream.pendingBytes()).as("nothing is waited for").isZero();
    assertThat(stream.nanosToWait(PERIOD)).isZero();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> write(PERIOD))
          .isInstanceOf(AudioException.class)
          .hasMessageContaining("playback device 'java-card' was unplugged");
    }
    assertThat(stream.nanosToWait(0)).isEqualTo(Long.MAX_VALUE);
    assertThat(stream.latencyBytes()).isZero();
  }

  /** A39: STOP keeps what is pending, START goes on with it. */
  @Test
  void pauseNeitherLosesNorRepeatsAFrame() throws Exception {
    write(RING);
    stream.start();
    card.advance(700);
    stream.stop();
    assertThat(stream.pendingBytes()).isEqualTo(RING - 700 * FRAME);
    card.advance(480);
    assertThat(card.played.size()).as("played during the pause").isEqualTo(700 * FRAME);
    write(300 * FRAME);
    stream.start();
    card.advance(4 * 480 - 700 + 299);
    assertThat(card.played.toByteArray()).isEqualTo(soundOf(RING + 299 * FRAME));
    assertThat(stream.xruns()).isZero();
  }

  @Test
  void playsEveryFrameOnceInOrderWhateverHappens() throws Exception {
    Random random = new Random(7);
    boolean started = false;
    int taken = 0;
    for (int step = 0; taken < sound.length; step++) {
      assertThat(step).as("steps until all is played").isLessThan(10_000);
      switch (random.nextInt(4)) {
        case 0 -> {
          if (started) {
            stream.stop();
          } else {
            stream.start();
          }
          started = !started;
        }
        case 1 -> card.advance(random.nextInt(600));
        default -> write(Math.min(sound.length - frames.position(), random.nextInt(600) * FRAME));
      }
      taken = frames.position();
      assertThat(taken - stream.pendingBytes()).isEqualTo(card.played.size());
    }
    assertThat(stream.xruns()).isPositive();
    assertThat(card.played.toByteArray()).isEqualTo(soundOf(card.played.size()));
  }

  @Test
  void aDriverThatQueuesABufferBeforeItIsFilledIsHeardInOrder() throws Exception {
    OldDriver driver = new OldDriver(stream, PARAMETERS, sound);
    stream.start();
    for (int looks = 0; driver.look(); looks++) {
      assertThat(looks).as("looks until all is played").isLessThan(10_000);
      card.advance(160);
    }
    assertThat(stream.xruns()).isZero();
    assertThat(Arrays.copyOf(card.played.toByteArray(), sound.length)).isEqualTo(sound);
  }

  @Test
  void memoryThatTheGuestTakesAwayIsAnErrorAndNotTheEnd(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("memory");
    Files.write(file, new byte[RING]);
    try (FileChannel memory =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer guest = memory.map(MapMode.READ_WRITE, 0, RING);
      memory.truncate(0);
      assertThatThrownBy(() -> stream.write(guest)).isInstanceOf(InternalError.class);
    }
  }

  @Test
  void allocatesNothingPerBuffer() throws Exception {
    // The card would allocate; libasound's own device does not.
    AlsaPcm pcm = AlsaPcm.open("nothing", Direction.OUTPUT);
    pcm.configure(PARAMETERS);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    ByteBuffer buffer = ByteBuffer.allocateDirect(PERIOD);
    try (AudioStream playback = new AlsaPlayback(pcm, PARAMETERS)) {
      playback.start();
      long allocated = 0;
      for (int round = 0; round < 2; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20_000; i++) {
          playback.write(buffer.clear());
          playback.latencyBytes();
          playback.nanosToWait(playback.pendingBytes() + PERIOD);
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      assertThat(allocated / 20_000).isZero();
    }
  }
}
