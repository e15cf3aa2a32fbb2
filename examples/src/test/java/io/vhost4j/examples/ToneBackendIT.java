package io.vhost4j.examples;

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
import io.vhost4j.event.NativeTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged daemon with a backend that it does not have itself, as the README tells. */
class ToneBackendIT {
  private static final Path DAEMON = Path.of(System.getProperty("vhost4j.daemon", "?"));
  private static final String JAR = System.getProperty("vhost4j.examples", "?");

  @TempDir Path directory;

  @Test
  void theHelpNamesTheBackendAndItsOption() throws Exception {
    try (ProgramRun daemon = daemon("--help")) {
      assertThat(daemon.status()).isZero();
      assertThat(daemon.out()).contains("tone").contains("--tone-hertz");
    }
  }

  @Test
  void aWrongValueOfItsOptionIsAnErrorOfOneLine() throws Exception {
    try (ProgramRun daemon =
        daemon("--socket=" + directory.resolve("s"), "--backend=tone", "--tone-hertz=high")) {
      assertThat(daemon.status()).isEqualTo(2);
      assertThat(daemon.err().lines()).hasSizeBetween(1, 2); // the second leads to the help
      assertThat(daemon.err()).contains("--tone-hertz=high");
    }
  }

  @Test
  void aGuestRecordsTheTone() throws Exception {
    Path socket = directory.resolve("snd.sock");
    Recording recording = new Recording(48_000 / 2 * 2 * Short.BYTES);
    try (ProgramRun daemon = daemon("--socket=" + socket, "--backend=tone", "--tone-hertz=600")) {
      daemon.awaitOut(out -> out.contains("READY"));
      Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
      try {
        SoundDriver card = await(SoundDriver.connect(NativeTransport.newLoop(vertx), socket));
        await(
            card.transfer(
                card.firstStream(Direction.INPUT),
                new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 7680, 1920),
                recording));
        await(card.close());
      } finally {
        await(vertx.close());
      }
    }

    int rising = 0;
    short last = 0;
    while (recording.audio.remaining() >= 2 * Short.BYTES) {
      short left = recording.audio.getShort();
      assertThat(recording.audio.getShort()).isEqualTo(left);
      if (last < 0 && left >= 0) {
        rising++;
      }
      last = left;
    }
    assertThat(rising).isBetween(298, 300); // half a second
  }

  private ProgramRun daemon(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(DAEMON.toString()));
    Collections.addAll(command, arguments);
    Map<String, String> environment =
        Map.of("VHOST4J_PATH", JAR, "JAVA_HOME", System.getProperty("java.home"));
    return ProgramRun.start(directory, environment, command);
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static final class Recording implements AudioPort {
    final ByteBuffer audio;
    private int wanted;

    Recording(int bytes) {
      audio = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
      wanted = bytes;
    }

    @Override
    public int next(ByteBuffer period) {
      int length = Math.min(period.remaining(), wanted);
      wanted -= length;
      return length;
    }

    @Override
    public void returned(ByteBuffer period) {
      audio.put(period);
      if (!audio.hasRemaining()) {
        audio.flip();
      }
    }
  }
}
