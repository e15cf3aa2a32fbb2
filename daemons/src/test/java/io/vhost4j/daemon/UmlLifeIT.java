package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** What happens to a user-mode Linux, and to its driver, in the life of one daemon. */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLifeIT {
  /** What aplay and the guest's buffer may leave of silence. */
  private static final int SILENT_FRAMES = 24_000;

  private static final int HEADER_BYTES = 44;

  private final Clip first = Clip.noise(31, 1000);
  private final Clip second = Clip.noise(32, 1000);

  /** Long enough to do something in the middle. */
  private final Clip endless = Clip.noise(33, 60_000);

  @TempDir Path directory;
  private Path share;
  private Path socket;

  @BeforeEach
  void prepareFiles() throws IOException {
    share = Files.createDirectory(directory.resolve("share"));
    socket = directory.resolve("sound.sock");
    first.writeRaw(share.resolve("1.raw"));
    second.writeRaw(share.resolve("2.raw"));
    endless.writeRaw(share.resolve("endless.raw"));
  }

  private Daemon serve(String... options) throws Exception {
    List<String> all = new ArrayList<>(List.of("--socket=" + socket, "--backend=file"));
    all.add("--playback-file=" + directory.resolve("played.wav"));
    all.addAll(List.of(options));
    return Daemon.start(all.toArray(String[]::new)).awaitReady();
  }

  private LinuxGuest boot(String script, String... options) throws Exception {
    return SoundGuest.bootInUserMode(share, script, List.of(socket), options);
  }

  private String play(String file) {
    return "play 0 " + file + " " + first.alsaOptions();
  }

  private Arrived arrived(String file) throws IOException {
    return new Arrived(file, first.readWav(directory.resolve(file)));
  }

  private void awaitPlayed(LinuxGuest guest, int frames) throws Exception {
    Path played = directory.resolve("played.wav");
    while (!Files.exists(played)
        || Files.size(played) < HEADER_BYTES + (long) frames * first.frameBytes()) {
      guest.requireAlive();
      Thread.sleep(20);
    }
  }

  @Test
  void theNextOnePlaysBitForBitAfterOneWasKilledInMidPlay() throws Exception {
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
    Arrived arrived = arrived("played.wav").thenStartOf(endless);
    assertThat(arrived.frame()).isBetween(48_000, endless.frames() - 1);
    arrived.then(first).thenSilenceUpTo(SILENT_FRAMES).end();
  }

  @Test
  void aRebootIsANewConnectionWhichPlaysBitForBit() throws Exception {
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(play("$VHOST4J_BOOT.raw"), "--reboots", "1")) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    arrived("played.wav")
        .then(first)
        .thenSilenceUpTo(SILENT_FRAMES)
        .then(second)
        .thenSilenceUpTo(SILENT_FRAMES)
        .end();
  }

  @Test
  void aDeviceThatIsUnpluggedInMidPlayPlaysBitForBitWheneverItIsPluggedInAgain() throws Exception {
    int rounds = 5;
    String script =
        """
        set -e
        cd /sys/bus/platform/drivers/virtio-uml
        for round in $(seq %d); do
          %s 2>/dev/null & player=$!
          sleep 0.5
          echo virtio-uml.0 >unbind
          ! wait $player
          echo virtio-uml.0 >bind
          %s
        done
        """
            .formatted(rounds, play("endless.raw"), play("1.raw"));
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(script)) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    Arrived arrived = arrived("played.wav");
    for (int round = 0; round < rounds; round++) {
      arrived.thenStartOf(endless).then(first).thenSilenceUpTo(SILENT_FRAMES);
    }
    arrived.end();
  }

  @Test
  void aDriverThatIsBoundAgainOnTheSameConnectionPlaysBitForBit() throws Exception {
    int rounds = 3;
    String script =
        """
        set -e
        cd /sys/bus/virtio/drivers/virtio_snd
        for round in $(seq %d); do
          %s
          echo virtio0 >unbind
          echo virtio0 >bind
        done
        """
            .formatted(rounds, play("1.raw"));
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(script)) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    Arrived arrived = arrived("played.wav");
    for (int round = 0; round < rounds; round++) {
      arrived.then(first).thenSilenceUpTo(SILENT_FRAMES);
    }
    arrived.end();
  }

  @Test
  void aDriverThatIsTakenAwayInMidPlayAndBoundAgainPlaysBitForBit_C15() throws Exception {
    int rounds = 3;
    String script =
        """
        set -e
        cd /sys/bus/virtio/drivers/virtio_snd
        for round in $(seq %d); do
          %s 2>/dev/null & player=$!
          sleep 0.5
          echo virtio0 >unbind
          ! wait $player
          echo virtio0 >bind
          %s
        done
        ! dmesg | grep -E 'WARNING:|BUG:'
        """
            .formatted(rounds, play("endless.raw"), play("1.raw"));
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(script)) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    Arrived arrived = arrived("played.wav");
    for (int round = 0; round < rounds; round++) {
      arrived.thenStartOf(endless).then(first).thenSilenceUpTo(SILENT_FRAMES);
    }
    arrived.end();
  }

  /** Its buffers follow each other closer than the daemon may look at an empty ring. */
  @Test
  void aRingThatIsPolledInPlaceOfKicksPlaysBitForBit() throws Exception {
    Metrics metrics = Metrics.anywhere();
    Clip clip = Clip.noise(37, 5000);
    clip.writeRaw(share.resolve("clip.raw"));
    String script =
        "set -e\naplay -q -D hw:0,0 --period-size=64 --buffer-size=16384 %s clip.raw\n"
            .formatted(clip.alsaOptions());
    try (Daemon daemon = serve("--poll-us=10000", metrics.option());
        LinuxGuest guest = boot(script + "echo played\nuntil [ -e go ]; do usleep 50000; done\n")) {
      guest.awaitLine("played");
      assertThat(metrics.ofQueue(2, "polls")).isPositive();
      assertThat(metrics.ofQueue(2, "polled")).isPositive();
      Files.createFile(share.resolve("go"));
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    arrived("played.wav").then(clip).thenSilenceUpTo(SILENT_FRAMES).end();
  }

  @Test
  void aGuestWhoseDaemonWasKilledInMidPlayGoesOnWithoutItsCard() throws Exception {
    String script =
        """
        %s && exit 1
        until [ ! -e /dev/snd/pcmC0D0p ]; do sleep 0.1; done
        echo over
        """;
    try (Daemon daemon = serve();
        LinuxGuest guest = boot(script.formatted(play("endless.raw")))) {
      awaitPlayed(guest, 48_000);
      daemon.signal("KILL");
      guest.awaitLine("over");
      guest.awaitSuccess();
    }
    arrived("played.wav").thenStartOf(endless);
  }

  @Test
  void aPlayerThatRunsDryAgainAndAgainLosesNothing() throws Exception {
    Clip clip = Clip.noise(35, 4000);
    clip.writeRaw(share.resolve("clip.raw"));
    String script =
        """
        aplay -q -D hw:0,0 %s clip.raw & player=$!
        for dry in 1 2 3; do
          usleep 500000
          kill -STOP $player
          sleep 1
          kill -CONT $player
        done
        wait $player
        """;
    assertPlayed(clip, script.formatted(clip.alsaOptions()));
  }

  @Test
  void aPlayerThatPausesAgainAndAgainLosesNothing() throws Exception {
    Clip clip = Clip.noise(36, 4000);
    clip.writeRaw(share.resolve("clip.raw"));
    String script =
        """
        for key in 1 2 3 4 5 6; do
          usleep 500000
          printf ' '
        done | SHELL=/bin/sh script -qec "aplay -i -D hw:0,0 %s clip.raw" /dev/null >output
        [ "$(grep -o 'PAUSE' output | wc -l)" -ge 3 ]
        """;
    assertPlayed(clip, script.formatted(clip.alsaOptions()));
  }

  private void assertPlayed(Clip clip, String script) throws Exception {
    try (Daemon daemon = serve();
        LinuxGuest guest = boot("set -e\n" + script)) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    arrived("played.wav").then(clip).thenSilenceUpTo(SILENT_FRAMES).end();
  }

  @Test
  void streamsOfACardPlayAtOnceOnTwoProcessorsBitForBit() throws Exception {
    int streams = 4;
    StringBuilder script = new StringBuilder();
    for (int stream = 0; stream < streams; stream++) {
      Clip.noise(40 + stream, 5000).writeRaw(share.resolve("stream" + stream + ".raw"));
      script.append(
          "aplay -q -D hw:0,0,%1$d %2$s stream%1$d.raw & players=\"$players $!\"%n"
              .formatted(stream, first.alsaOptions()));
    }
    script.append("for player in $players; do wait $player || exit; done\n");
    try (Daemon daemon =
            Daemon.start(
                    "--socket=" + socket,
                    "--backend=file",
                    "--output-streams=" + streams,
                    "--playback-file=" + directory.resolve("stream%d.wav"))
                .awaitReady();
        LinuxGuest guest = boot(script.toString(), "--cpus", "2")) {
      guest.awaitSuccess();
      assertThat(daemon.isAlive()).isTrue();
    }
    for (int stream = 0; stream < streams; stream++) {
      arrived("stream" + stream + ".wav")
          .then(Clip.noise(40 + stream, 5000))
          .thenSilenceUpTo(SILENT_FRAMES)
          .end();
    }
  }
}
