package io.vhost4j.device.sound.driver;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.DeviceTraining;
import io.vhost4j.event.NativeTransport;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The first sounds of two cards, one without and one with a thread for each stream. */
public final class SoundTraining implements DeviceTraining {
  private static final int PERIOD_BYTES = 1920;
  private static final int PERIODS = 4;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(
          SampleFormat.S16, SampleRate.HZ_48000, 2, PERIODS * PERIOD_BYTES, PERIOD_BYTES);

  @Override
  public String device() {
    return "sound";
  }

  @Override
  public List<Map<String, String>> devices(Path directory) {
    return List.of(
        Map.of("backend", "null"),
        Map.of("backend", "file", "playback-file", directory.resolve("tape.wav").toString()));
  }

  @Override
  public void run(Path socket) throws Exception {
    Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
    try {
      SoundDriver guest = SoundDriver.connect(NativeTransport.newLoop(vertx), socket).await();
      for (StreamInfo stream : guest.streams()) {
        guest.transfer(stream.id(), PARAMETERS, new FewPeriods()).await();
      }
      guest.close().await();
    } finally { // or its threads keep the program
      vertx.close().await();
    }
  }

  private static final class FewPeriods implements AudioPort {
    private int left = 2 * PERIODS;

    @Override
    public int next(ByteBuffer audio) {
      return left-- > 0 ? audio.remaining() : 0;
    }

    @Override
    public void returned(ByteBuffer audio) {}
  }
}
