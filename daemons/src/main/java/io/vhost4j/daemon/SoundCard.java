package io.vhost4j.daemon;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.device.sound.SoundDevice;
import io.vhost4j.device.sound.SoundDeviceConfig;
import io.vhost4j.device.sound.SoundMetrics;
import io.vhost4j.vhostuser.backend.VhostUserMetrics;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Files;
import java.nio.file.Path;

/** One sound card: a device with a backend and a socket of its own. */
final class SoundCard implements AutoCloseable, MeterBinder {
  private final CardOptions options;
  private final AudioBackend backend;
  private final SoundDevice device;
  private final VhostUserServer server;

  private SoundCard(
      CardOptions options, AudioBackend backend, SoundDevice device, VhostUserServer server) {
    this.options = options;
    this.backend = backend;
    this.device = device;
    this.server = server;
  }

  /**
   * Opens the backend and listens. Blocks: main thread only.
   *
   * @throws StartException if the host's audio or the socket is not to be had
   */
  static SoundCard open(Vertx vertx, CardOptions options) throws StartException {
    AudioBackend backend;
    try {
      backend = options.backend().open(options.backendOptions());
    } catch (AudioException e) {
      throw new StartException(e);
    }
    SoundDevice device;
    try {
      device = new SoundDevice(config(options), backend);
    } catch (AudioException | IllegalArgumentException e) {
      backend.close();
      throw new StartException(e);
    }
    SoundCard card =
        new SoundCard(
            options, backend, device, VhostUserServer.create(vertx, device, options.polling()));
    try {
      card.listen();
    } catch (StartException e) {
      card.close();
      throw e;
    }
    return card;
  }

  private static SoundDeviceConfig config(CardOptions options) {
    SoundDeviceConfig.Builder config = SoundDeviceConfig.builder().name(options.name());
    for (int i = 0; i < options.outputStreams(); i++) {
      config.stream(options.limits().stream(Direction.OUTPUT));
    }
    for (int i = 0; i < options.inputStreams(); i++) {
      config.stream(options.limits().stream(Direction.INPUT));
    }
    return config.build();
  }

  private void listen() throws StartException {
    Path socket = options.socket();
    if (socket == null && !Files.exists(Path.of("/proc/self/fd/" + options.fd()), NOFOLLOW_LINKS)) {
      throw new StartException(
          "file descriptor %d is not open: have whoever starts this pass on a Unix socket as it"
              .formatted(options.fd()));
    }
    try {
      (socket == null ? server.listen(options.fd()) : server.listen(socket, options.rights()))
          .await();
    } catch (Exception e) {
      // await() throws what the server has failed with, of whatever class.
      throw new StartException(e);
    }
  }

  /** Completes when nobody is left to be served, see {@link VhostUserServer#finished()}. */
  Future<Void> finished() {
    return server.finished();
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Tags socket = Tags.of("socket", options.where());
    new VhostUserMetrics(server, device.name(), socket).bindTo(registry);
    new SoundMetrics(device, socket).bindTo(registry);
  }

  /** The card in one line for people. */
  String description() {
    int streams = options.outputStreams() + options.inputStreams();
    return CardDescription.of(options, backend, CardDescription.offers(device, streams));
  }

  /** Disconnects the frontend, removes the socket, closes device and backend. Blocks. */
  @Override
  public void close() {
    server.close().await();
  }

  @Override
  public String toString() {
    return device.name();
  }
}
