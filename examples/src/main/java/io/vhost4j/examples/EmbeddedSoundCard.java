package io.vhost4j.examples;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackends;
import io.vhost4j.audio.AudioException;
import io.vhost4j.device.sound.SoundDevice;
import io.vhost4j.device.sound.SoundDeviceConfig;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Path;
import java.util.Map;

/** A Vert.x service that offers a virtio sound card among the other things it does. */
public final class EmbeddedSoundCard {
  private static final String NAME = "EmbeddedSoundCard";

  private EmbeddedSoundCard() {}

  /** {@code EmbeddedSoundCard SOCKET RECORDING.wav}: serves until a signal ends it. */
  public static void main(String[] arguments) {
    if (arguments.length != 2) {
      Example.exit(2, NAME, "usage: EmbeddedSoundCard SOCKET RECORDING.wav");
    }
    Path socket = Path.of(arguments[0]);
    Path recording = Path.of(arguments[1]);
    try {
      Vertx vertx = NativeTransport.vertx(new VertxOptions());
      offer(vertx, socket, recording)
          .onSuccess(server -> Example.started(server, "A sound card listens on " + socket))
          .onFailure(failure -> Example.exit(1, NAME, failure.getMessage()));
    } catch (AudioException | IllegalStateException e) {
      Example.exit(1, NAME, e.getMessage());
    }
  }

  /**
   * Offers a sound card that plays into a WAV file.
   *
   * @param vertx made with {@link NativeTransport#vertx}
   * @param socket where virtual machines connect
   * @param recording where their sound goes
   * @return the running server, which closes with the calling verticle or with {@link
   *     VhostUserServer#close()}; fails if the socket cannot be made
   * @throws AudioException if the recording cannot be written
   * @throws IllegalStateException if {@code vertx} runs without epoll
   */
  public static Future<VhostUserServer> offer(Vertx vertx, Path socket, Path recording)
      throws AudioException {
    AudioBackend backend =
        AudioBackends.named("file").open(Map.of("playback-file", recording.toString()));
    SoundDevice card = new SoundDevice(SoundDeviceConfig.standard(), backend);
    VhostUserServer server = VhostUserServer.create(vertx, card);
    return server.listen(socket);
  }
}
