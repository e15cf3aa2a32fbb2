package io.vhost4j.daemon;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.sound.driver.AudioPort;
import io.vhost4j.device.sound.driver.SoundDriver;
import io.vhost4j.device.sound.driver.StreamInfo;
import io.vhost4j.event.NativeTransport;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code --make-archive} runs to learn which classes belong into the class archive: a life of
 * the daemon as guests see it, with all that a start and a first sound need.
 */
public final class ArchiveTraining {
  private static final int PERIOD_BYTES = 1920;
  private static final int PERIODS = 4;
  private static final PcmParameters PARAMETERS =
      new PcmParameters(
          SampleFormat.S16, SampleRate.HZ_48000, 2, PERIODS * PERIOD_BYTES, PERIOD_BYTES);

  private ArchiveTraining() {}

  /** Ends the JVM when done. */
  public static void main(String[] args) throws Exception {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    String program = "vhost-device-sound";
    DeviceDaemon.run(program, new String[] {"--help"}, nowhere, nowhere);
    Path directory = Files.createTempDirectory("vhost4j");
    List<Path> sockets = List.of(directory.resolve("0.sock"), directory.resolve("1.sock"));
    Path tape = directory.resolve("tape.wav");
    DaemonCommandLine.Request request =
        new DaemonCommandLine(program, DeviceProviders.named("sound"))
            .parse(
                "--socket=" + sockets.get(0),
                "--backend=null",
                "--socket=" + sockets.get(1),
                "--backend=file",
                "--playback-file=" + tape,
                "--log-level=info");
    DaemonOptions options = ((DaemonCommandLine.Request.Serve) request).options();
    LogConfigurator.apply(options.logLevel());
    DaemonService service = new DaemonService(program, options);
    try {
      service.start();
      for (Path socket : sockets) {
        playAndRecord(socket);
      }
    } finally {
      service.stop();
      Files.deleteIfExists(tape);
      Files.deleteIfExists(directory);
    }
    System.exit(0);
  }

  private static void playAndRecord(Path socket) throws Exception {
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
