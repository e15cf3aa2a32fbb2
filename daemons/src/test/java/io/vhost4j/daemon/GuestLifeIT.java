package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** One daemon outlives what happens to its Linux guests, and serves the next as the first. */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 6.12, QEMU",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class GuestLifeIT {
  /** What aplay and the guest's buffer may leave of silence. */
  private static final int SILENT_FRAMES = 24_000;

  private static final int HEADER_BYTES = 44;

  private final Clip first = Clip.noise(11, 2000);
  private final Clip second = Clip.noise(12, 2000);

  /** Long enough to do something in the middle. */
  private final Clip endless = Clip.noise(13, 60_000);

  @TempDir Path directory;
  private Path share;
  private Path socket;
  private Path played;

  @BeforeEach
  void prepareFiles() throws IOException {
    share = Files.createDirectory(directory.resolve("share"));
    socket = directory.resolve("sound.sock");
    played = directory.resolve("played.wav");
    first.writeRaw(share.resolve("1.raw"));
    second.writeRaw(share.resolve("2.raw"));
  }

  private Daemon serve() throws Exception {
    return Daemon.start("--socket=" + socket, "--backend=file", "--playback-file=" + played)
        .awaitReady();
  }

  private LinuxGuest boot(String script, String... options) throws Exception {
    return SoundGuest.boot(share, "set -e\n" + script, List.of(socket), options);
  }

  private String play(String file) {
    return "play 0 " + file + " " + first.alsaOptions() + "\n";
  }

  private Arrived played() throws IOException {
    return new Arrived("played.wav", first.readWav(played));
  }

  private void awaitPlayed(LinuxGuest guest, int frames) throws Exception {
    while (!Files.exists(played)
        || Files.size(played) < HEADER_BYTES + (long) frames * first.frameBytes()) {
      guest.requireAlive();
      Thread.sleep(20);
    }
  }

  @Test
  void aGuestThatRebootsPlaysAgainBitForBit() throws Exception {
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(play("$VHOST4J_BOOT.raw"), "--reboots", "1")) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    played()
        .then(first)
        .thenSilenceUpTo(SILENT_FRAMES)
        .then(second)
        .thenSilenceUpTo(SILENT_FRAMES)
        .end();
  }

  @Test
  void aMachineThatPausesInMidPlayGoesOnWhereItWasAndLosesNothing_C19() throws Exception {
    Clip clip = Clip.noise(14, 8000);
    clip.writeRaw(share.resolve("paused.raw"));
    Path monitor = directory.resolve("monitor.sock");
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(play("paused.raw"), MachineMonitor.options(monitor));
        MachineMonitor machine = MachineMonitor.connect(guest, monitor)) {
      for (int second = 1; second <= 3; second++) {
        awaitPlayed(guest, second * 48_000);
        machine.pause();
        long paused = Files.size(played);
        Thread.sleep(1500); // more than the guest's buffer, of which nothing may be played
        assertThat(Files.size(played)).as("bytes played in a pause").isEqualTo(paused);
        assertThat(paused).as("in mid-play").isLessThan(HEADER_BYTES + clip.bytes().length);
        machine.resume();
      }
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    played().then(clip).thenSilenceUpTo(SILENT_FRAMES).end();
  }

  @Test
  void theNextGuestPlaysBitForBitAfterOneWasKilledInMidPlay() throws Exception {
    endless.writeRaw(share.resolve("endless.raw"));
    try (Daemon daemon = serve()) {
      try (LinuxGuest guest = boot(play("endless.raw"))) {
        awaitPlayed(guest, 48_000);
        guest.kill();
      }
      try (LinuxGuest guest = boot(play("1.raw"))) {
        guest.awaitSuccess();
      }
      assertThat(daemon.isAlive()).isTrue();
    }
    Arrived arrived = played().thenStartOf(endless);
    assertThat(arrived.frame()).isBetween(48_000, endless.frames() - 1);
    arrived.then(first).thenSilenceUpTo(SILENT_FRAMES).end();
  }
}
