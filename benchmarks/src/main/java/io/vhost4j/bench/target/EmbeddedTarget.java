package io.vhost4j.bench.target;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Path;
import org.slf4j.LoggerFactory;

/** A device of ours on an event loop of its own in this JVM. */
public final class EmbeddedTarget implements Target {
  private final TemporaryDirectory directory = new TemporaryDirectory();
  private final Path socket = directory.resolve("socket");
  private final Vertx vertx;
  private final VhostUserServer server;

  public EmbeddedTarget(VirtioDevice device) {
    // Or it tells of each connection.
    ((Logger) LoggerFactory.getLogger("io.vhost4j")).setLevel(Level.WARN);
    vertx =
        NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1).setUseDaemonThread(true));
    server = VhostUserServer.create(vertx, device);
    server.listen(socket).await();
  }

  @Override
  public String name() {
    return "vhost4j embedded";
  }

  @Override
  public Path socket() {
    return socket;
  }

  @Override
  public void close() {
    server.close().await();
    vertx.close().await();
    directory.close();
  }
}
