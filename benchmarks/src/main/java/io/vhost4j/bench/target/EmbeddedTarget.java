package io.vhost4j.bench.target;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.bench.BenchException;
import io.vhost4j.device.sound.SoundDevice;
import io.vhost4j.device.sound.SoundDeviceConfig;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Path;

/** Our sound device with the null backend, unpaced, on an event loop of its own in this JVM. */
public final class EmbeddedTarget implements Target {
  private final TemporaryDirectory directory = new TemporaryDirectory();
  private final Path socket = directory.resolve("socket");
  private final Vertx vertx;
  private final VhostUserServer server;

  public EmbeddedTarget() throws BenchException {
    vertx =
        NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1).setUseDaemonThread(true));
    try {
      server =
          VhostUserServer.create(
              vertx, new SoundDevice(SoundDeviceConfig.standard(), new NullBackend(Pacing.NONE)));
      server.listen(socket).await();
    } catch (AudioException e) {
      throw new BenchException(String.valueOf(e.getMessage()), e);
    }
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
