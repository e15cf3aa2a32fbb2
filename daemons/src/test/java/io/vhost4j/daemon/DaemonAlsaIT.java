package io.vhost4j.daemon;

import static io.vhost4j.daemon.PrivatePipewire.untilWhole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The daemon plays and records through a real libasound, with the PCMs of scripts/alsa. */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class DaemonAlsaIT {
  private static final int ANY = Integer.MAX_VALUE;

  private final Clip source = Clip.noise(32, 5000);

  @TempDir Path directory;
  private Path socket;
  private Map<String, String> environment;

  @BeforeEach
  void configureLibasound() throws Exception {
    socket = directory.resolve("sound.sock");
    environment = new HashMap<>();
    environment.put("ALSA_CONFIG_PATH", Daemon.SCRIPTS.resolve("alsa/asound.conf").toString());
    environment.put("VHOST4J_ALSA_DIR", directory.toString());
    source.writeRaw(directory.resolve("capture.raw")); // or the default device cannot be opened
  }

  private Daemon serve(String device) throws Exception {
    return Daemon.start(
            environment,
            "--socket=" + socket,
            "--backend=alsa",
            "--alsa-playback=" + device,
            "--alsa-capture=" + device)
        .awaitReady();
  }

  @Test
  void whatADriverPlaysReachesThePcmBitForBit() throws Exception {
    Clip clip = Clip.noise(31, 5000);
    try (Daemon daemon = serve("default");
        Player player = new Player(socket)) {
      player.play(clip);
      assertThat(daemon.isAlive()).isTrue();
    }
    byte[] played = Files.readAllBytes(directory.resolve("playback.raw"));
    new Arrived("playback.raw", clip.withBytes(played)).then(clip).thenSilenceUpTo(ANY).end();
  }

  @Test
  void whatThePcmGivesIsRecordedBitForBit() throws Exception {
    try (Daemon daemon = serve("default");
        Player player = new Player(socket)) {
      new Arrived("recorded", player.record(source)).then(source).end();
      assertThat(daemon.isAlive()).isTrue();
    }
  }

  /** As a card that is plugged in, or left by another program, when the daemon runs already. */
  @Test
  void aDeviceThatIsNotThereAtTheStartRecordsOnceItIs() throws Exception {
    Path device = directory.resolve("capture.raw");
    Files.delete(device);
    try (Daemon daemon = serve("default")) {
      try (Player player = new Player(socket)) {
        assertThatThrownBy(() -> player.record(source)).hasMessageContaining("IO_ERR");
      }
      source.writeRaw(device);
      try (Player player = new Player(socket)) {
        new Arrived("recorded", player.record(source)).then(source).end();
      }
      daemon.terminate();
      assertThat(daemon.err())
          .anySatisfy(
              line ->
                  assertThat(line)
                      .contains("ALSA capture device 'default' is not there", "--alsa-capture"));
    }
  }

  @Test
  void aMistypedDeviceIsToldAtTheStart() throws Exception {
    try (Daemon daemon =
        Daemon.start(
            environment, "--socket=" + socket, "--backend=alsa", "--alsa-playback=defualt")) {
      assertThat(daemon.exitStatus()).isEqualTo(1);
      assertThat(daemon.err()).singleElement().asString().contains("'defualt'", "aplay -L");
    }
  }

  /**
   * Linux needs a device with a clock: it takes a whole buffer that is played at once for none. So
   * libasound plays into PipeWire here.
   */
  @Test
  void whatALinuxGuestPlaysGoesThroughAPacedPcmWithoutAGap() throws Exception {
    Clip clip = Clip.noise(33, 3000);
    Path share = Files.createDirectory(directory.resolve("share"));
    try (PrivatePipewire pipewire = new PrivatePipewire()) {
      environment.putAll(pipewire.environment());
      try (Daemon daemon = serve("paced");
          PrivatePipewire.Recorder sink = pipewire.recordSink(directory.resolve("sink.raw"));
          RepeatingGuest guest = new RepeatingGuest(share, clip, socket)) {
        untilWhole(
            () -> {
              sink.skip();
              guest.play();
              sink.assertHeard(clip);
            });
        guest.end();
        assertThat(daemon.isAlive()).isTrue();
      }
    }
  }
}
