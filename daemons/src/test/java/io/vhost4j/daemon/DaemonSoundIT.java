package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.driver.AudioPort;
import io.vhost4j.device.sound.driver.SoundDriver;
import io.vhost4j.device.sound.driver.TransferResult;
import io.vhost4j.event.NativeTransport;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** The packaged daemon while guests play. */
@Tag("jdk")
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonSoundIT {
  private static final int PERIOD_BYTES = 1920;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * PERIOD_BYTES, PERIOD_BYTES);

  @TempDir Path directory;
  private Path socket;
  private Vertx vertx;

  @BeforeEach
  void prepareGuest() {
    socket = directory.resolve("sound.sock");
    vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  }

  @AfterEach
  void endGuest() {
    vertx.close().await();
  }

  private SoundDriver guest(Path at) {
    return SoundDriver.connect(NativeTransport.newLoop(vertx), at).await();
  }

  private static Future<TransferResult> play(SoundDriver guest, AudioPort port) {
    return guest.transfer(guest.firstStream(Direction.OUTPUT), PARAMETERS, port);
  }

  /** Plays for ever, and tells when the first period has come back. */
  private static final class Endless implements AudioPort {
    private final CountDownLatch heard = new CountDownLatch(1);

    @Override
    public int next(ByteBuffer audio) {
      return audio.remaining();
    }

    @Override
    public void returned(ByteBuffer audio) {
      heard.countDown();
    }
  }

  /** Plays so many periods, all bytes of which have one value. */
  private static final class Tone implements AudioPort {
    private final byte value;
    private int left;

    Tone(int value, int periods) {
      this.value = (byte) value;
      this.left = periods;
    }

    @Override
    public int next(ByteBuffer audio) {
      if (left-- <= 0) {
        return 0;
      }
      for (int i = audio.position(); i < audio.limit(); i++) {
        audio.put(i, value);
      }
      return audio.remaining();
    }

    @Override
    public void returned(ByteBuffer audio) {}
  }

  @Test
  void sigtermEndsItWhileAGuestPlays_D5() throws Exception {
    try (Daemon daemon = Daemon.start("--socket=" + socket, "--backend=null").awaitReady()) {
      Endless port = new Endless();
      Future<TransferResult> playing = play(guest(socket), port);
      port.heard.await();
      daemon.terminate();

      assertThat(daemon.exitStatus()).isZero();
      assertThat(socket).doesNotExist();
      assertThat(playing.otherwiseEmpty().await()).as("the guest is told").isNull();
    }
  }

  @Test
  void aBackendThatBreaksExitsWith1AndALine() throws Exception {
    try (Daemon daemon =
        Daemon.start(
            Map.of("VHOST4J_PATH", Path.of("src/test/third-party") + ":target/test-classes"),
            "--socket=" + socket,
            "--backend=stuck",
            "--stuck-mark=" + StuckBackendProvider.BROKEN)) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err())
          .singleElement()
          .asString()
          .startsWith("vhost-device-sound: ")
          .contains("out of order");
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void sigtermEndsItWhileTheAudioOfTheHostHangs_D5() throws Exception {
    Path mark = directory.resolve("stuck");
    try (Daemon daemon =
        Daemon.start(
                Map.of("VHOST4J_PATH", Path.of("src/test/third-party") + ":target/test-classes"),
                "--socket=" + socket,
                "--backend=stuck",
                "--stuck-mark=" + mark)
            .awaitReady()) {
      Future<TransferResult> playing = play(guest(socket), new Endless());
      while (!Files.exists(mark)) {
        assertThat(playing.isComplete()).as("%s", playing).isFalse();
        Thread.sleep(10);
      }
      daemon.terminate();

      assertThat(daemon.exitStatus()).isZero();
      assertThat(socket).doesNotExist();
      assertThat(daemon.err())
          .anySatisfy(line -> assertThat(line).contains("does not answer: ending without it"));
    }
  }

  @Test
  void twoCardsPlayAtOnceIntoFilesOfTheirOwn() throws Exception {
    Path other = directory.resolve("other.sock");
    Path one = directory.resolve("one.wav");
    Path two = directory.resolve("two.wav");
    try (Daemon daemon =
        Daemon.start(
                "--socket=" + socket,
                "--socket=" + other,
                "--backend=file",
                "--playback-file=" + one,
                "--playback-file=" + two)
            .awaitReady()) {
      Future<TransferResult> first = play(guest(socket), new Tone(1, 20));
      Future<TransferResult> second = play(guest(other), new Tone(2, 20));
      Future.all(first, second).await();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
    }
    assertThat(audio(one)).hasSize(20 * PERIOD_BYTES).containsOnly((byte) 1);
    assertThat(audio(two)).hasSize(20 * PERIOD_BYTES).containsOnly((byte) 2);
  }

  /** What follows the last header of a WAV file. */
  private static byte[] audio(Path wav) throws Exception {
    try (var stream = javax.sound.sampled.AudioSystem.getAudioInputStream(wav.toFile())) {
      return stream.readAllBytes();
    }
  }
}
