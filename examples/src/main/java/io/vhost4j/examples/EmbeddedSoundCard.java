package io.vhost4j.examples;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackends;
import io.vhost4j.audio.AudioException;
import io.vhost4j.backend.VhostUserServer;
import io.vhost4j.sound.SoundDevice;
import io.vhost4j.sound.SoundDeviceConfig;
import java.nio.file.Path;
import java.util.Map;

/** A Vert.x service that offers a virtio sound card among the other things it does. */
public final class EmbeddedSoundCard {
  private EmbeddedSoundCard() {}

  /**
   * Offers a sound card that plays into a WAV file.
   *
   * @param vertx made with {@code new VertxOptions().setPreferNativeTransport(true)}
   * @param socket where virtual machines connect
   * @param recording where their sound goes
   * @return the running server; it closes with the calling verticle or with {@link
   *     VhostUserServer#close()}
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
