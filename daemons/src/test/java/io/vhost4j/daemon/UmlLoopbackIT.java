package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The loopback adapter on a whole machine: cards that it serves itself, and cards behind daemons.
 * The machine boots once; the tests look at what it left.
 */
@DriverTest(
    device = "sound",
    driver = "virtio_snd",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackIT {
  private final Clip first = Clip.noise(31, 1500);
  private final Clip second = Clip.noise(32, 1500);
  private final Clip third = Clip.noise(33, 500);
  private final Clip endless = Clip.noise(34, 60_000);
  private final Clip source = Clip.noise(35, 1500);

  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    Path share = guest.share();
    first.writeRaw(share.resolve("first.raw"));
    second.writeRaw(share.resolve("second.raw"));
    third.writeRaw(share.resolve("third.raw"));
    endless.writeRaw(share.resolve("endless.raw"));
    source.writeWav(share.resolve("source.wav"));
    String script =
        """
        echo in this process
        start here virtio-loopback-adapter -l 0 -d sound -l 1 -d sound -l 2 -d rng --backend=file \
          --playback-file=@SHARE@/here0.wav --playback-file=@SHARE@/here1.wav --capture-file=@SHARE@/source.wav
        ready here
        await_card 0; zero=$card
        await_card 1; one=$card
        cat /proc/asound/cards >cards
        play $zero first.raw @FORMAT@ & player=$!
        record $one here1.rec -s @FRAMES@ @FORMAT@ & recorder=$!
        play $one second.raw @FORMAT@
        wait $player
        wait $recorder
        until_so entropy
        dd if=/dev/hwrng of=here.rnd bs=1024 count=16 2>&1
        rebind 0
        play $card third.raw @FORMAT@
        stop here TERM
        until_so no_card
        until_so no_entropy

        echo cards in their order
        # The driver of the first has by far the most to ask.
        start many virtio-loopback-adapter -l 2 -l 0 -l 1 -d sound --backend=null \
          --output-streams=64 --output-streams=16 --output-streams=1
        ready many
        for node in 0 1 2; do await_card $node; done
        for name in SoundCard SoundCard_1 SoundCard_2; do echo "$name $(node_of $name)"; done >names
        stop many TERM
        until_so no_card

        echo behind daemons
        start waiting virtio-loopback-adapter -d vhusnd -s /dev/shm/snd0.sock -l 0 -s /dev/shm/snd1.sock -l 1 --wait
        start daemon vhost-device-sound --socket=/dev/shm/snd0.sock --backend=file \
          --playback-file=@SHARE@/daemon0.wav --capture-file=@SHARE@/source.wav
        start other vhost-device-sound --socket=/dev/shm/snd1.sock --backend=file --playback-file=@SHARE@/daemon1.wav
        ready waiting
        await_card 0; zero=$card
        await_card 1; one=$card
        play $one first.raw @FORMAT@ & player=$!
        record $zero daemon0.rec -s @FRAMES@ @FORMAT@ & recorder=$!
        play $zero second.raw @FORMAT@
        wait $player
        wait $recorder
        rebind 0; zero=$card
        play $zero third.raw @FORMAT@

        echo a daemon dies
        play $zero endless.raw @FORMAT@ & player=$!
        # With a buffer that lasts while a busy machine takes a process down.
        play $one second.raw @FORMAT@ --buffer-time=900000 & bystander=$!
        sleep 1
        stop daemon KILL
        if wait $player; then echo "the player has not noticed"; exit 8; fi
        until_so no_card_at 0
        wait $bystander
        start daemon2 vhost-device-sound --socket=/dev/shm/snd0.sock --backend=file --playback-file=@SHARE@/again.wav
        await_card 0
        play $card third.raw @FORMAT@

        echo the adapter dies
        play $card endless.raw @FORMAT@ & player=$!
        sleep 1
        stop waiting KILL
        if wait $player; then echo "the player has not noticed"; exit 8; fi
        until_so no_card
        start next virtio-loopback-adapter -s /dev/shm/snd0.sock -d vhusnd -l 0
        ready next
        await_card 0
        play $card first.raw @FORMAT@
        stop next TERM
        stop daemon2 TERM
        stop other TERM
        until_so no_card

        echo entropy of a daemon
        start rngd vhost-device-rng --socket=/dev/shm/rng.sock
        ready rngd
        start vhurng virtio-loopback-adapter -s /dev/shm/rng.sock -d vhurng -l 1
        ready vhurng
        until_so entropy
        dd if=/dev/hwrng of=daemon.rnd bs=1024 count=16 2>&1
        stop vhurng TERM
        stop rngd TERM
        until_so no_entropy
        until_so rmmod virtio_loopback
        """;
    guest.run(
        3,
        script
            .replace("@FRAMES@", String.valueOf(source.frames()))
            .replace("@FORMAT@", first.alsaOptions()));
  }

  @Test
  void twoCardsOfThisProcessPlayTwoFilesAtOnce() throws Exception {
    assertThat(guest.lines("cards")).anyMatch(line -> line.contains("[SoundCard_1"));
    guest.arrived("here0.wav", first, third).end();
    guest.arrived("here1.wav", second).end();
  }

  @Test
  void aCardOfThisProcessRecordsWhileItPlays() throws Exception {
    guest.assertRecorded("here1.rec", source);
  }

  @Test
  @DriverTest(
      device = "rng",
      driver = "virtio_rng",
      kernel = "Linux 7.3, user-mode",
      transport = "loopback")
  void cardsOfOtherKindsAreOfTheSameProcess() throws Exception {
    guest.assertRandom("here.rnd");
  }

  @Test
  void cardsAreNamedInTheOrderInWhichTheyWereGiven() throws Exception {
    assertThat(guest.lines("names"))
        .containsExactly("SoundCard 2", "SoundCard_1 0", "SoundCard_2 1");
  }

  @Test
  void twoDaemonsPlayTwoFilesAtOnce() throws Exception {
    Arrived unused = guest.arrived("daemon0.wav", second, third).thenStartOf(endless);
    guest.arrived("daemon1.wav", first, second).end();
  }

  @Test
  void aDaemonRecordsWhileItPlays() throws Exception {
    guest.assertRecorded("daemon0.rec", source);
  }

  @Test
  void theCardReturnsWithItsDaemon() throws Exception {
    guest.assertTold("waiting.err", "the card is taken away", "/dev/shm/snd0.sock is gone");
    Arrived unused = guest.arrived("again.wav", third).thenStartOf(endless);
  }

  @Test
  void theCardOfAnotherDaemonStays() throws Exception {
    assertThat(guest.share().resolve("waiting.err"))
        .content()
        .doesNotContain("/dev/shm/snd1.sock is gone");
  }

  @Test
  void anAdapterThatWasKilledIsFollowedByAnother() throws Exception {
    guest.assertTold("next.err", "the driver has started the device, virtio");
  }

  @Test
  void whoIsToldToEndsWithoutFailure() throws Exception {
    assertThat(Files.readAllLines(guest.share().resolve("ends")))
        .contains("here ended with 0", "next ended with 0", "vhurng ended with 0")
        .contains("waiting ended with 137");
  }

  @Test
  void aDriverThatLetsGoIsFollowedByAnother() throws Exception {
    guest.assertTold("here.err", "the driver has let go of the device");
    guest.assertTold("waiting.err", "the driver has let go of the device");
  }

  @Test
  @DriverTest(
      device = "rng",
      driver = "virtio_rng",
      kernel = "Linux 7.3, user-mode",
      transport = "loopback")
  void aDaemonGivesEntropy() throws Exception {
    guest.assertRandom("daemon.rnd");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
