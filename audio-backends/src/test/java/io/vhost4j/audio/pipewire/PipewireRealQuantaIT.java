package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cycles as short as people have them: 5 and 21 ms. A machine without realtime priorities misses
 * some, by nobody's fault, and what is missed is lost. So our streams play and record, because they
 * report what they miss: without a report what was played arrives frame for frame; with reports
 * frames may be missing, but none comes twice, late or changed, and there are no more gaps than
 * reports. The tests with long cycles hear with PipeWire's own programs.
 */
@Timeout(300)
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
class PipewireRealQuantaIT {
  private static final int FRAME = 4;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 16 * 1024 * FRAME, 1024 * FRAME);

  /** So often a play with a gap is made again. */
  private static final int ATTEMPTS = 5;

  /** Cycles between two gaps that have nothing to do with each other. */
  private static final int APART = 4;

  private static AudioBackend open(PipewireSession session) throws AudioException {
    return new PipewireBackendProvider().open(session.options(2));
  }

  /** Lets the source give what the sink gets. */
  private static void link(PipewireSession session) {
    for (String channel : new String[] {"FL", "FR"}) {
      session.run("pw-link", "sink-2:monitor_" + channel, "source:input_" + channel);
    }
    PipewireSession.await(
        "the recorder's link",
        () -> session.run("pw-link", "-l").matches("(?s).*vhost4j.capture-0:input_FR\\n *\\|<-.*"));
  }

  /** A stream's channels are linked one after the other: for half a second nobody plays. */
  private static byte[] behindSilence(byte[] noise) {
    byte[] sound = new byte[PARAMETERS.bytesPerSecond() / 2 + noise.length];
    System.arraycopy(noise, 0, sound, sound.length - noise.length, noise.length);
    return sound;
  }

  /** Records in the background until it is told that so many more bytes are enough. */
  private static final class Recorder implements AutoCloseable {
    private final Guest guest;
    private final CompletableFuture<byte[]> recorded;

    Recorder(AudioBackend backend, int bytes) throws AudioException {
      guest = new Guest(backend, Direction.INPUT, PARAMETERS);
      recorded = Guest.inBackground(() -> guest.record(bytes));
    }

    byte[] sound() throws Exception {
      return Recording.trim(recorded.get(60, TimeUnit.SECONDS), FRAME);
    }

    @Override
    public void close() {
      guest.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {256, 1024})
  void whatIsPlayedIsRecordedFrameForFrame(int quantum) throws Exception {
    byte[] noise = Noise.bytes(PARAMETERS, 3 * 48000);
    try (PipewireSession session = new PipewireSession(quantum, quantum);
        AudioBackend backend = open(session)) {
      for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
        try (Recorder recorder = new Recorder(backend, 5 * PARAMETERS.bytesPerSecond());
            Guest player = new Guest(backend, Direction.OUTPUT, PARAMETERS)) {
          link(session);
          player.play(behindSilence(noise));
          byte[] heard = recorder.sound();
          long missed = player.stream.xruns() + recorder.guest.stream.xruns();
          if (missed == 0) {
            assertThat(Arrays.mismatch(heard, noise)).as("first byte that differs").isEqualTo(-1);
            return;
          }
          System.out.printf("quantum %d, attempt %d: %d missed%n", quantum, attempt, missed);
          assertThat(gaps(noise, heard, quantum)).hasSizeLessThanOrEqualTo((int) missed);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {256, 1024})
  void aGuestThatPlaysOnWhilePipewireIsRestartedIsHeardAgain(int quantum) throws Exception {
    byte[] noise = Noise.bytes(PARAMETERS, 10 * 48000);
    try (PipewireSession session = new PipewireSession(quantum, quantum);
        AudioBackend backend = open(session);
        Recorder recorder = new Recorder(backend, 14 * PARAMETERS.bytesPerSecond());
        Guest player = new Guest(backend, Direction.OUTPUT, PARAMETERS)) {
      link(session);
      CompletableFuture<Void> played =
          Guest.inBackground(
              () -> {
                player.play(noise);
                return null;
              });
      PipewireSession.pause(1500);
      session.stopServer();
      PipewireSession.pause(500);
      session.startServer();
      link(session);
      played.get(60, TimeUnit.SECONDS);
      byte[] heard = recorder.sound();
      long missed = player.stream.xruns() + recorder.guest.stream.xruns();

      assertThat(missed).as("the restart").isPositive();
      assertThat(gaps(noise, heard, quantum)).hasSizeBetween(1, (int) missed);
      int last = Guest.littleEndian(heard).getInt(heard.length - FRAME);
      int at = find(Guest.littleEndian(noise), 0, last);
      assertThat(at).as("the last that is heard").isGreaterThan(noise.length / FRAME / 2);
    }
  }

  /**
   * Where frames are missing or silence is in between. A node that is late makes its neighbours
   * miss cycles too, so gaps that follow each other by less than {@link #APART} cycles are one.
   *
   * @throws AssertionError if there is a frame that is not in the noise behind the one before
   */
  private static List<Integer> gaps(byte[] noise, byte[] heard, int quantum) {
    ByteBuffer source = Guest.littleEndian(noise);
    ByteBuffer sound = Guest.littleEndian(heard);
    List<Integer> gaps = new ArrayList<>();
    int next = 0;
    int lastGap = -APART * quantum;
    boolean silent = false;
    while (sound.hasRemaining()) {
      int frame = sound.getInt();
      if ((short) frame == 0 || frame >>> Short.SIZE == 0) { // or one channel is linked only yet
        silent = true;
        continue;
      }
      int at = find(source, next, frame);
      assertThat(at)
          .as("frame %d, behind frame %d of the sound", sound.position() / FRAME - 1, next)
          .isNotNegative();
      if (silent || at != next) {
        if (at - lastGap >= APART * quantum) {
          gaps.add(at);
        }
        lastGap = at;
      }
      silent = false;
      next = at + 1;
    }
    return gaps;
  }

  private static int find(ByteBuffer source, int from, int frame) {
    for (int at = from; at < source.capacity() / FRAME; at++) {
      if (source.getInt(at * FRAME) == frame) {
        return at;
      }
    }
    return -1;
  }
}
