package io.vhost4j.daemon;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceControl;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.vhostuser.backend.VhostUserMetrics;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** One device, served on a socket of its own. */
final class ServedDevice implements AutoCloseable, MeterBinder {
  private final DeviceSetup setup;
  private final OpenDevice opened;
  private final VhostUserServer server;
  private @Nullable ControlSocket control;

  private ServedDevice(DeviceSetup setup, OpenDevice opened, VhostUserServer server) {
    this.setup = setup;
    this.opened = opened;
    this.server = server;
  }

  /**
   * Opens the device and listens. Blocks: main thread only.
   *
   * @throws StartException if what the device stands on, or the socket, is not to be had
   */
  static ServedDevice open(Vertx vertx, VirtioDeviceProvider provider, DeviceSetup setup)
      throws StartException {
    OpenDevice opened;
    try {
      opened = provider.open(setup.options());
    } catch (DeviceException e) {
      throw new StartException(e);
    }
    ServedDevice served =
        new ServedDevice(
            setup, opened, VhostUserServer.create(vertx, opened.device(), setup.polling()));
    try {
      served.listen();
      served.listenForControl();
    } catch (StartException e) {
      served.close();
      throw e;
    }
    return served;
  }

  private void listen() throws StartException {
    ListenSocket socket = setup.socket();
    Path path = socket.path();
    if (path == null && !Files.exists(Path.of("/proc/self/fd/" + socket.fd()), NOFOLLOW_LINKS)) {
      throw new StartException(
          "file descriptor %d is not open: have whoever starts this pass on a Unix socket as it"
              .formatted(socket.fd()));
    }
    try {
      (path == null ? server.listen(socket.fd()) : server.listen(path, socket.rights())).await();
    } catch (Exception e) {
      // await() throws what the server has failed with, of whatever class.
      throw new StartException(e);
    }
  }

  private void listenForControl() throws StartException {
    Path path = setup.control();
    if (path == null) {
      return;
    }
    DeviceControl simulated = opened.control();
    if (simulated == null) {
      throw new StartException(
          "--control=%s: %s has no simulated hardware to work: leave the option out"
              .formatted(path, setup.options().name()));
    }
    try {
      control = ControlSocket.listen(server.context(), path, simulated).await();
    } catch (Exception e) {
      throw new StartException(e);
    }
  }

  /** Completes when nobody is left to be served, see {@link VhostUserServer#finished()}. */
  Future<Void> finished() {
    return server.finished();
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Tags socket = Tags.of("socket", setup.socket().toString());
    new VhostUserMetrics(server, setup.options().name(), socket).bindTo(registry);
    opened.meters().apply(socket).bindTo(registry);
  }

  /** The device in one line for people. */
  String description() {
    return "%s at %s: %s".formatted(setup.options().name(), setup.socket(), opened.description());
  }

  /** Disconnects the frontend, removes the socket, closes the device. Blocks. */
  @Override
  public void close() {
    if (control != null) {
      control.close();
    }
    server.close().await();
  }

  @Override
  public String toString() {
    return setup.options().name();
  }
}
