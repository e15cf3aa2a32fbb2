package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackends;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.device.sound.driver.AudioPort;
import io.vhost4j.device.sound.driver.SoundDriver;
import io.vhost4j.device.sound.driver.TransferResult;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.backend.VhostUserServer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The device behind a real server, on a real event loop, driven through a real socket. */
class OverSocketTest {
  @TempDir Path directory;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(2));
  private final Context driverLoop = NativeTransport.newLoop(vertx);

  @AfterEach
  void closeVertx() throws Exception {
    get(vertx.close());
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private Path serve(AudioBackend backend) throws Exception {
    SoundDevice device =
        new SoundDevice(SoundDeviceConfig.builder().name("socket").build(), backend);
    Path socket = directory.resolve("snd.sock");
    get(VhostUserServer.create(vertx, device).listen(socket));
    return socket;
  }

  private SoundDriver connect(Path socket) throws Exception {
    return get(SoundDriver.connect(driverLoop, socket));
  }

  /** Plays an array, or fills it with what is recorded. */
  private static final class ArrayPort implements AudioPort {
    private final byte[] audio;
    private final boolean plays;
    private int handedOut;

    /** Read by the test's thread too. */
    private final AtomicInteger returned = new AtomicInteger();

    ArrayPort(byte[] audio, Direction direction) {
      this.audio = audio;
      this.plays = direction == Direction.OUTPUT;
    }

    @Override
    public int next(ByteBuffer room) {
      int bytes = Math.min(room.remaining(), audio.length - handedOut);
      if (plays) {
        room.put(audio, handedOut, bytes);
      }
      handedOut += bytes;
      return bytes;
    }

    @Override
    public void returned(ByteBuffer buffer) {
      int bytes = buffer.remaining();
      if (!plays) {
        buffer.get(audio, returned.get(), bytes);
      }
      returned.addAndGet(bytes);
    }

    /** Waits until the device has given something back, so it plays or records. */
    void awaitReturned() throws InterruptedException {
      for (int k = 0; k < 4000 && returned.get() == 0; k++) {
        Thread.sleep(5);
      }
      assertThat(returned.get()).as("bytes that came back").isPositive();
    }
  }

  @Test
  void pacedStreamsOnTheLoopTakeTheirTime() throws Exception {
    Path socket = serve(new NullBackend(Pacing.REALTIME));
    SoundDriver driver = connect(socket);
    byte[] audio = Rig.audio(1, (int) (0.2 * Rig.CD.bytesPerSecond()));
    TransferResult played = get(driver.transfer(0, Rig.CD, new ArrayPort(audio, Direction.OUTPUT)));
    assertThat(played.bytes()).isEqualTo(audio.length);
    assertThat(played.failedBuffers()).isZero();
    // The driver's watch starts when it has the reply to START, a little after the device's.
    assertThat(played.nanos()).isGreaterThan(100_000_000L);
    TransferResult recorded =
        get(driver.transfer(1, Rig.CD, new ArrayPort(audio, Direction.INPUT)));
    assertThat(recorded.bytes()).isEqualTo(audio.length);
    assertThat(recorded.nanos()).isGreaterThan(100_000_000L);
    assertThat(audio).containsOnly(0);
    get(driver.close());
  }

  @Test
  void aFileOnAWorkerGetsEveryByteAndGivesThemBack() throws Exception {
    PcmParameters parameters =
        new PcmParameters(SampleFormat.S24_3, SampleRate.HZ_44100, 6, 18_000, 1_800);
    byte[] audio = Rig.audio(7, 1800 * 200 + 18 * 5);
    Path recording = directory.resolve("played.wav");
    Path socket =
        serve(
            AudioBackends.named("file")
                .open(Map.of("playback-file", recording.toString(), "pacing", "none")));
    SoundDriver driver = connect(socket);
    TransferResult played =
        get(driver.transfer(0, parameters, new ArrayPort(audio, Direction.OUTPUT)));
    assertThat(played.bytes()).isEqualTo(audio.length);
    assertThat(played.failedBuffers()).isZero();
    get(driver.close());
    byte[] file = Files.readAllBytes(recording);
    int header = file.length - audio.length;
    assertThat(header).isPositive();
    assertThat(Arrays.mismatch(file, header, file.length, audio, 0, audio.length)).isEqualTo(-1);
  }

  @Test
  void frontendsThatVanishWhilePlayingLeaveNothingBehind() throws Exception {
    Path socket =
        serve(
            AudioBackends.named("file")
                .open(Map.of("playback-file", directory.resolve("vanish.wav").toString())));
    for (int i = 0; i < 20; i++) {
      SoundDriver driver = connect(socket);
      byte[] endless = new byte[10_000_000];
      ArrayPort port = new ArrayPort(endless, Direction.OUTPUT);
      Future<TransferResult> playing = driver.transfer(0, Rig.CD, port);
      port.awaitReturned();
      assertThat(workers()).as("threads that play").isOne();
      get(driver.close());
      assertThatThrownBy(() -> get(playing)).isInstanceOf(ExecutionException.class);
    }
    SoundDriver last = connect(socket);
    byte[] audio = Rig.audio(1, 4096);
    TransferResult played = get(last.transfer(0, Rig.CD, new ArrayPort(audio, Direction.OUTPUT)));
    assertThat(played.failedBuffers()).isZero();
    get(last.close());
    for (int k = 0; k < 2000 && workers() > 0; k++) {
      Thread.sleep(5);
    }
    assertThat(workers()).isZero();
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("socket-"))
        .count();
  }
}
