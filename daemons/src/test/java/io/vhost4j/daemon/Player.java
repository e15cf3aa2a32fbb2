package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.driver.AudioPort;
import io.vhost4j.device.sound.driver.SoundDriver;
import io.vhost4j.device.sound.driver.TransferResult;
import io.vhost4j.event.NativeTransport;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A sound driver without a guest, connected to a card. */
final class Player implements AutoCloseable {
  /** Long enough for a busy machine; a hang is what fails. */
  private static final long PATIENCE_SECONDS = 120;

  private static final int PERIODS = 32;
  private static final int PERIOD_FRAMES = 1024;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final SoundDriver card;

  Player(Path socket) throws Exception {
    try {
      card = await(SoundDriver.connect(NativeTransport.newLoop(vertx), socket));
    } catch (Exception e) {
      vertx.close();
      throw e;
    }
  }

  static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  static PcmParameters parameters(Clip clip) {
    return clip.parameters(PERIODS, PERIOD_FRAMES);
  }

  /** Plays to the end; every buffer must come back with OK. */
  TransferResult play(Clip clip) throws Exception {
    TransferResult result = await(start(clip));
    assertThat(result.failedBuffers()).as("failed buffers").isZero();
    assertThat(result.bytes()).isEqualTo(clip.bytes().length);
    return result;
  }

  /** Plays, without waiting for the end. */
  Future<TransferResult> start(Clip clip) {
    ByteBuffer source = ByteBuffer.wrap(clip.bytes());
    return card.transfer(
        card.firstStream(Direction.OUTPUT),
        parameters(clip),
        new AudioPort() {
          @Override
          public int next(ByteBuffer audio) {
            int length = Math.min(audio.remaining(), source.remaining());
            audio.put(source.slice().limit(length));
            source.position(source.position() + length);
            return length;
          }

          @Override
          public void returned(ByteBuffer audio) {}
        });
  }

  /** Records as many frames as the clip has. */
  Clip record(Clip like) throws Exception {
    return record(like, recorded -> recorded.size() >= like.bytes().length)
        .withBytes(like.bytes().length);
  }

  /**
   * Records until it is enough.
   *
   * @param enough asked on the event loop about all that was recorded, after each buffer
   */
  Clip record(Clip like, Predicate<ByteArrayOutputStream> enough) throws Exception {
    ByteArrayOutputStream recorded = new ByteArrayOutputStream();
    TransferResult result =
        await(
            card.transfer(
                card.firstStream(Direction.INPUT),
                parameters(like),
                new AudioPort() {
                  @Override
                  public int next(ByteBuffer audio) {
                    return enough.test(recorded) ? 0 : audio.remaining();
                  }

                  @Override
                  public void returned(ByteBuffer audio) {
                    byte[] bytes = new byte[audio.remaining()];
                    audio.get(bytes);
                    recorded.writeBytes(bytes);
                  }
                }));
    assertThat(result.failedBuffers()).as("failed buffers").isZero();
    return like.withBytes(recorded.toByteArray());
  }

  /** Breaks the connection off. */
  @Override
  public void close() throws Exception {
    await(card.close());
    await(vertx.close());
  }
}
