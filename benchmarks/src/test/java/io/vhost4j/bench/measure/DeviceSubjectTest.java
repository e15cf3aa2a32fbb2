package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.bench.target.BenchException;
import io.vhost4j.bench.target.SocketTarget;
import io.vhost4j.bench.target.TemporaryDirectory;
import io.vhost4j.bench.workload.SoundOutput;
import io.vhost4j.device.sound.SoundDevice;
import io.vhost4j.device.sound.SoundDeviceConfig;
import io.vhost4j.device.sound.StreamConfig;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DeviceSubjectTest {
  private final TemporaryDirectory directory = new TemporaryDirectory();
  private final Path socket = directory.resolve("socket");
  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(2));

  @AfterEach
  void close() {
    vertx.close().await();
    directory.close();
  }

  private VhostUserServer serve(Direction direction) throws Exception {
    SoundDeviceConfig config =
        SoundDeviceConfig.builder().stream(new StreamConfig(direction)).build();
    VhostUserServer server =
        VhostUserServer.create(vertx, new SoundDevice(config, new NullBackend(Pacing.NONE)));
    server.listen(socket).await();
    return server;
  }

  private DeviceSubject open() throws BenchException {
    return DeviceSubject.open(
        NativeTransport.newLoop(vertx), new SocketTarget(socket), new SoundOutput(), 64);
  }

  @Test
  void everyBufferSentComesBack() throws Exception {
    serve(Direction.OUTPUT);
    try (DeviceSubject subject = open()) {
      Flow first = subject.flow(1920, 64, 1);
      Flow second = subject.flow(65536, 7, 1);
      subject.roundTrip(4).run();

      assertThat(first.buffers()).isEqualTo(64);
      assertThat(second.buffers()).isEqualTo(7);
      assertThat(first.kicks()).isPositive();
      assertThat(first.nanos()).isPositive();
    }
  }

  @Test
  void aDeviceThatCannotPlayIsToldWithItsAnswer() throws Exception {
    serve(Direction.INPUT); // takes the parameters, but no buffer on the tx queue
    try (DeviceSubject subject = open()) {
      RoundTrip roundTrip = subject.roundTrip(1920);

      assertThatThrownBy(roundTrip::run)
          .isInstanceOf(BenchException.class)
          .hasMessageContaining("status 0x8003");
    }
  }

  @Test
  void aBackendThatGoesAwayEndsTheMeasurement() throws Exception {
    VhostUserServer server = serve(Direction.OUTPUT);
    try (DeviceSubject subject = open()) {
      RoundTrip roundTrip = subject.roundTrip(1920);
      roundTrip.run();
      server.close().await();

      assertThatThrownBy(
              () -> {
                while (true) { // the end of the connection may take a moment to be seen
                  roundTrip.run();
                }
              })
          .isInstanceOf(BenchException.class)
          .hasMessageContaining("is gone");
    }
  }
}
