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
import io.vhost4j.device.sound.driver.TransferResult;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples do what they say, through real sockets. */
@Tag("jdk")
class ExamplesTest {
  private static final int WAV_HEADER = 44;

  @TempDir Path directory;
  private Vertx vertx;

  @BeforeEach
  void open() {
    vertx = NativeTransport.vertx(new VertxOptions());
  }

  @AfterEach
  void close() throws Exception {
    await(vertx.close());
  }

  @Test
  void theEmbeddedSoundCardPlaysIntoItsFile() throws Exception {
    Path socket = directory.resolve("snd.sock");
    Path recording = directory.resolve("played.wav");
    VhostUserServer server = await(EmbeddedSoundCard.offer(vertx, socket, recording));
    byte[] noise = new byte[48_000];
    new Random(1).nextBytes(noise);

    SoundDriver card = await(SoundDriver.connect(NativeTransport.newLoop(vertx), socket));
    TransferResult result =
        await(
            card.transfer(
                card.firstStream(Direction.OUTPUT),
                new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 7680, 1920),
                new Playback(ByteBuffer.wrap(noise))));
    await(card.close());
    await(server.close());

    assertThat(result.failedBuffers()).isZero();
    byte[] file = Files.readAllBytes(recording);
    assertThat(Arrays.copyOfRange(file, WAV_HEADER, file.length)).isEqualTo(noise);
    assertThat(socket).doesNotExist();
  }

  @Test
  void theRandomNumberDeviceFillsBuffers() throws Exception {
    Path socket = directory.resolve("rng.sock");
    VhostUserServer server =
        VhostUserServer.create(vertx, new RandomNumberDevice(new SplittableRandom(7)));
    await(server.listen(socket));
    byte[] received = EntropyReader.read(vertx, socket, 64);
    await(server.close());

    byte[] expected = new byte[received.length];
    SplittableRandom source = new SplittableRandom(7);
    for (int i = 0; i < expected.length; i++) {
      expected[i] = (byte) source.nextInt();
    }
    assertThat(received).isEqualTo(expected);
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private record Playback(ByteBuffer audio) implements AudioPort {
    @Override
    public int next(ByteBuffer period) {
      int length = Math.min(period.remaining(), audio.remaining());
      period.put(period.position(), audio, audio.position(), length);
      audio.position(audio.position() + length);
      return length;
    }

    @Override
    public void returned(ByteBuffer period) {}
  }
}
