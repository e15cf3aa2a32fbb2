package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.device.sound.driver.AudioPort;
import io.vhost4j.device.sound.driver.SoundDriver;
import io.vhost4j.event.NativeTransport;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A device as the command line describes it, and a guest that uses it. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ServedDeviceTest {
  private static final int PERIOD_BYTES = 1920;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_48000, 2, 4 * PERIOD_BYTES, PERIOD_BYTES);

  @TempDir Path directory;
  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(2));

  @AfterEach
  void close() {
    vertx.close().await();
  }

  /**
   * Silence, until its ring has been polled, or for so many periods: a driver that is as quick as
   * the device may have hundreds of them taken in a turn, and polling begins after many turns.
   */
  private static final class Silence implements AudioPort {
    private final FunctionCounter polls;
    private int left = 50_000;

    Silence(FunctionCounter polls) {
      this.polls = polls;
    }

    @Override
    public int next(ByteBuffer audio) {
      return left-- > 0 && polls.count() == 0 ? audio.remaining() : 0;
    }

    @Override
    public void returned(ByteBuffer audio) {}
  }

  /** Plays, and returns how often the ring of playback was polled in all, and how often at rest. */
  private double[] polls(String... options) throws Exception {
    Path socket = directory.resolve("sound.sock");
    String line =
        "--socket=" + socket + " --backend=null --pacing=none " + String.join(" ", options);
    VirtioDeviceProvider provider = DeviceProviders.named("sound");
    DaemonCommandLine.Request request =
        new DaemonCommandLine("vhost-device-sound", provider).parse(line.strip().split(" "));
    DeviceSetup card = ((DaemonCommandLine.Request.Serve) request).options().devices().get(0);
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (ServedDevice open = ServedDevice.open(vertx, provider, card)) {
      open.bindTo(registry);
      FunctionCounter polls =
          registry.get("vhost.queue.polls").tags("queue", "2").functionCounter();
      SoundDriver guest = SoundDriver.connect(NativeTransport.newLoop(vertx), socket).await();
      guest.transfer(guest.firstStream(Direction.OUTPUT), PARAMETERS, new Silence(polls)).await();
      Thread.sleep(100); // far longer than it may poll
      double before = polls.count();
      Thread.sleep(100);
      double after = polls.count();
      guest.close().await();
      return new double[] {after, after - before};
    }
  }

  @Test
  void ringsArePolledWhereAskedForWhileThereIsTraffic() throws Exception {
    double[] polls = polls("--poll-us=10000");

    assertThat(polls[0]).isPositive();
    assertThat(polls[1]).as("at rest").isZero();
  }

  @Test
  void ringsAreNotPolledWhereNobodyMay() throws Exception {
    assertThat(polls("--poll-us=0")).containsOnly(0);
  }
}
