package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vhost4j.audio.Allocations;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guest plays is what PipeWire's graph hears. */
@Timeout(120)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class PipewirePlaybackIT {
  private static PipewireSession session;

  @BeforeAll
  static void startSession() {
    session = new PipewireSession();
  }

  @AfterAll
  static void endSession() {
    if (session != null) {
      session.close();
    }
  }

  private static PcmParameters parameters(SampleFormat format, int channels) {
    int periodBytes = PipewireSession.QUANTUM / 2 * format.bytes() * channels;
    return new PcmParameters(format, SampleRate.HZ_48000, channels, 6 * periodBytes, periodBytes);
  }

  /** Plays at the graph's rate and records in another format; both ends of it are cut to length. */
  private static byte[] playAndRecord(PcmParameters parameters, byte[] pcm, String format)
      throws Exception {
    try (Recording recording = new Recording(session, format, 48000, parameters.channels())) {
      try (AudioBackend backend =
              new PipewireBackendProvider().open(session.options(parameters.channels()));
          Guest guest = new Guest(backend, Direction.OUTPUT, parameters)) {
        guest.play(pcm);
        assertThat(guest.stream.xruns()).isZero();
        assertThat(guest.stream.latencyBytes()).isPositive();
      }
      return recording.stop();
    }
  }

  @Test
  void fiveSecondsOfNoiseArriveWithoutAGapFromTheFirstFrameToTheLast() throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, 2);
    byte[] noise = Noise.bytes(parameters, 5 * 48000 + 17);

    byte[] heard = playAndRecord(parameters, noise, "s16");

    assertThat(Recording.trim(heard, 4)).isEqualTo(noise);
  }

  /** Half of the buffer is no cycle of this graph, which only its first cycle tells. */
  @Test
  void aBufferOfLessThanTwoCyclesBeginsWithoutAGap() throws Exception {
    int periodBytes = PipewireSession.QUANTUM / 4 * 4;
    PcmParameters parameters =
        new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 7 * periodBytes, periodBytes);
    byte[] noise = Noise.bytes(parameters, 48000);

    byte[] heard = playAndRecord(parameters, noise, "s16");

    assertThat(Recording.trim(heard, 4)).isEqualTo(noise);
  }

  /** Down to a buffer that is shorter than a cycle, and up to one of a single period. */
  @ParameterizedTest(name = "{1} periods of {0} frames")
  @CsvSource({"8192, 2", "16384, 1", "6144, 2", "2048, 2", "1000, 3"})
  void ofFewPeriodsNothingIsLostNorHeardTwice(int frames, int periods) throws Exception {
    PcmParameters parameters =
        new PcmParameters(
            SampleFormat.S16, SampleRate.HZ_48000, 2, periods * frames * 4, frames * 4);
    byte[] noise = Noise.bytes(parameters, 8 * frames);

    byte[] heard;
    try (Recording recording = new Recording(session, "s16", 48000, 2)) {
      try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
          Guest guest = new Guest(backend, Direction.OUTPUT, parameters)) {
        guest.play(noise);
      }
      heard = recording.stop();
    }

    assertThat(Recording.squeeze(heard, 4)).isEqualTo(Recording.squeeze(noise, 4));
  }

  @Test
  void aDriverThatQueuesABufferBeforeItIsFilledIsHeardInOrder() throws Exception {
    int periodBytes = PipewireSession.QUANTUM * 4;
    PcmParameters parameters =
        new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 8 * periodBytes, periodBytes);
    byte[] noise = Noise.bytes(parameters, 27 * PipewireSession.QUANTUM);

    byte[] heard;
    try (Recording recording = new Recording(session, "s16", 48000, 2)) {
      try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
          Guest guest = new Guest(backend, Direction.OUTPUT, parameters)) {
        guest.playByAnOldDriver(noise);
        assertThat(guest.stream.xruns()).isZero();
      }
      heard = recording.stop();
    }

    assertThat(Recording.trim(heard, 4)).isEqualTo(noise);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 10})
  void everyChannelArrivesAtItsPlace(int channels) throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, channels);
    byte[] noise = Noise.bytes(parameters, 24000);

    byte[] heard = playAndRecord(parameters, noise, "s16");

    assertThat(Recording.trim(heard, 2 * channels)).isEqualTo(noise);
  }

  /** PipeWire's graph carries 32-bit floats, which hold integers of 24 bits without loss. */
  @ParameterizedTest
  @ValueSource(strings = {"S8", "S24_3", "S24"})
  void integersOfUpTo24BitsArriveExactly(SampleFormat format) throws Exception {
    int bits = Math.min(24, format.physicalBits());
    int[] samples = Noise.samples(bits, 24000);

    byte[] heard = playAndRecord(parameters(format, 1), Noise.pack(samples, format.bytes()), "f32");

    assertThat(floats(heard)).containsExactly(scaled(samples, 1 << (bits - 1)));
  }

  @Test
  void unsignedBytesArriveExactlyAndSilenceIsTheMiddle() throws Exception {
    int[] samples = Noise.samples(8, 24000);
    byte[] pcm = Noise.pack(samples, 1);
    for (int i = 0; i < pcm.length; i++) {
      pcm[i] ^= (byte) 0x80;
    }

    byte[] heard = playAndRecord(parameters(SampleFormat.U8, 1), pcm, "f32");

    assertThat(floats(heard)).containsExactly(scaled(samples, 128));
  }

  /** A float has 24 significant bits: of 32, the last 8 are rounded or cut off. */
  @Test
  void of32BitIntegersTheUpper24Arrive() throws Exception {
    int[] samples = Noise.samples(32, 24000);

    byte[] heard = playAndRecord(parameters(SampleFormat.S32, 1), Noise.pack(samples, 4), "f32");

    float[] floats = floats(heard);
    assertThat(floats).hasSameSizeAs(samples);
    for (int i = 0; i < samples.length; i++) {
      assertThat((double) floats[i] * (1L << 31)).isBetween(samples[i] - 256.0, samples[i] + 256.0);
    }
  }

  @Test
  void floatsArriveExactly() throws Exception {
    float[] samples = scaled(Noise.samples(24, 24000), 1 << 23);
    byte[] floats = new byte[Float.BYTES * samples.length];
    Guest.littleEndian(floats).asFloatBuffer().put(samples);
    byte[] doubles = new byte[Double.BYTES * samples.length];
    DoubleBuffer target = Guest.littleEndian(doubles).asDoubleBuffer();
    for (float sample : samples) {
      target.put(sample);
    }

    assertThat(floats(playAndRecord(parameters(SampleFormat.FLOAT, 1), floats, "f32")))
        .containsExactly(samples);
    assertThat(floats(playAndRecord(parameters(SampleFormat.FLOAT64, 1), doubles, "f32")))
        .containsExactly(samples);
  }

  private static float[] floats(byte[] heard) {
    byte[] sound = Recording.trim(heard, Float.BYTES);
    float[] floats = new float[sound.length / Float.BYTES];
    Guest.littleEndian(sound).asFloatBuffer().get(floats);
    return floats;
  }

  private static float[] scaled(int[] samples, int scale) {
    float[] floats = new float[samples.length];
    for (int i = 0; i < samples.length; i++) {
      floats[i] = (float) samples[i] / scale;
    }
    return floats;
  }

  @ParameterizedTest
  @ValueSource(strings = {"HZ_8000", "HZ_44100", "HZ_96000", "HZ_192000", "HZ_384000"})
  void otherRatesPlayAsLongAsTheyAre(SampleRate rate) throws Exception {
    int periodBytes = rate.hertz() / 10 * 2;
    PcmParameters parameters =
        new PcmParameters(SampleFormat.S16, rate, 1, 6 * periodBytes, periodBytes);
    byte[] noise = Noise.bytes(parameters, rate.hertz());

    byte[] heard = playAndRecord(parameters, noise, "s16");

    // The resampler rings before and after; a lost or repeated period would be 100 ms.
    assertThat(Recording.trim(heard, 2).length / 2).isBetween(48000 - 480, 48000 + 480);
  }

  /** A39. */
  @Test
  void aPauseLosesAndRepeatsNothing() throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, 2);
    byte[] noise = Noise.bytes(parameters, 3 * 48000);
    try (Recording recording = new Recording(session, "s16", 48000, 2)) {
      try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
          Guest guest = new Guest(backend, Direction.OUTPUT, parameters)) {
        ByteBuffer source = Guest.direct(noise);
        guest.stream.start();
        guest.playUntil(source, noise.length / 3);
        guest.stream.stop();
        PipewireSession.pause(500); // what the last cycle has taken is heard
        int pending = guest.stream.pendingBytes();
        PipewireSession.pause(500);
        assertThat(guest.stream.pendingBytes()).isEqualTo(pending).isPositive();
        guest.stream.start();
        guest.playUntil(source, noise.length / 2);
        guest.stream.stop(); // and at once
        guest.stream.start();
        guest.playUntil(source, noise.length);
        guest.finish();
        assertThat(guest.stream.xruns()).isZero();
      }
      assertThat(Recording.squeeze(recording.stop(), 4)).isEqualTo(noise);
    }
  }

  /** A56. */
  @Test
  void aRingThatRunsDryIsAnUnderrunOnlyIfSoundGoesOn() throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, 2);
    byte[] noise = Noise.bytes(parameters, 48000);
    try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        Guest guest = new Guest(backend, Direction.OUTPUT, parameters)) {
      guest.play(noise);
      PipewireSession.pause(500);
      assertThat(guest.stream.xruns()).isZero();
      guest.play(Arrays.copyOf(noise, noise.length / 2));
      assertThat(guest.stream.xruns()).isZero(); // started again, which is another sound
      PipewireSession.pause(500);
      guest.playUntil(Guest.direct(noise), noise.length);
      assertThat(guest.stream.xruns()).isOne();
    }
  }

  /** A56: what comes too late for the graph is lost, as with a long garbage collection. */
  @Test
  void aDataThreadThatIsHeldUpForSomeCyclesIsAnUnderrun() throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, 2);
    AtomicInteger wakes = new AtomicInteger();
    try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        AudioStream stream =
            backend.open(
                0,
                Direction.OUTPUT,
                parameters,
                () -> {
                  if (wakes.incrementAndGet() == 3) {
                    PipewireSession.pause(400); // too short for the clock to stand in
                  }
                })) {
      ByteBuffer frames = ByteBuffer.allocateDirect(parameters.bufferBytes());
      stream.start();
      PipewireSession.await(
          "an underrun",
          () -> {
            try {
              stream.write(frames.clear());
            } catch (AudioException e) {
              throw new IllegalStateException(e);
            }
            return stream.xruns() > 0;
          });
    }
  }

  @Test
  void playingAllocatesNothingOnTheDataThreadNorInTheStream() throws Exception {
    PcmParameters parameters = parameters(SampleFormat.S16, 2);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (AudioBackend backend = new PipewireBackendProvider().open(session.options(2));
        AudioStream stream = backend.open(0, Direction.OUTPUT, parameters, () -> {})) {
      ByteBuffer frames = ByteBuffer.allocateDirect(parameters.periodBytes());
      stream.start();
      PipewireSession.await("audio on its way", () -> stream.latencyBytes() > 0);
      long[] ids = callbackThreads(threads);
      assertThat(ids).isNotEmpty();
      long before = Arrays.stream(threads.getThreadAllocatedBytes(ids)).sum();

      long allocated =
          Allocations.of(
              100,
              () -> {
                stream.write(frames.clear());
                if (stream.pendingBytes() + stream.latencyBytes() + stream.nanosToWait(0) > 0) {
                  LockSupport.parkNanos(10_000_000); // Thread.sleep allocates on JDK 25
                }
              });

      assertThat(allocated).isLessThan(100 * 16);
      assertThat(Arrays.stream(threads.getThreadAllocatedBytes(ids)).sum()).isEqualTo(before);
    }
  }

  private static long[] callbackThreads(ThreadMXBean threads) {
    return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
        .filter(thread -> thread != null && thread.getThreadName().equals("pipewire-callback"))
        .mapToLong(ThreadInfo::getThreadId)
        .toArray();
  }
}
