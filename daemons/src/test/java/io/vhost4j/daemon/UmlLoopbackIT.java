package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.LinuxGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The loopback adapter on a whole machine: user-mode Linux with the module virtio-loopback, in
 * which the packaged programs run, and players with the kernel's own driver. It boots once; the
 * tests look at what it left.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackIT {
  /** aplay sends up to a tenth of a second, and a period of an eighth, of silence at the end. */
  private static final int SILENT_MILLIS = 250;

  /** The host's files are those of the machine, so its programs find themselves. */
  private static final String PRELUDE =
      """
      insmod ./virtio-loopback.ko devices=3 || exit 3
      H=/tmp/host
      mkdir $H
      mount -t hostfs -o / none $H || exit 4
      for d in proc sys dev; do mount -o bind /$d $H/$d; done
      mount -o bind /dev/shm $H/dev/shm
      export JAVA_HOME=@JAVA@
      # start NAME PROGRAM OPTION...: in the background; its process is $NAME, its output NAME.out and NAME.err
      start() {
        name=$1 program=$2; shift 2
        chroot $H @BIN@/$program "$@" >$name.out 2>$name.err &
        eval "$name=$!"
      }
      # ready NAME: until it has printed READY
      ready() {
        n=0
        until grep -q READY $1.out; do
          n=$((n + 1)); if [ $n -gt 600 ] || ! eval "kill -0 \\$$1" 2>/dev/null; then echo "$1 is not ready:"; cat $1.err; exit 5; fi
          sleep 0.1
        done
      }
      # stop NAME SIGNAL: prints its status
      stop() { eval "kill -$2 \\$$1"; status=0; eval "wait \\$$1" || status=$?; echo "$1 ended with $status" >>ends; }
      # until_so COMMAND...: at most a minute
      until_so() {
        n=0
        until "$@" 2>/dev/null; do
          n=$((n + 1)); if [ $n -gt 600 ]; then echo "never: $*"; exit 6; fi
          sleep 0.1
        done
      }
      card() { [ -e /dev/snd/pcmC$1D0p ]; }
      # rebind: another driver after the one that has the sound card
      rebind() {
        drivers=/sys/bus/virtio/drivers/virtio_snd
        device=$(cd $drivers; ls -d virtio*)
        echo $device >$drivers/unbind
        until_so no_card
        echo $device >$drivers/bind
        until_so card 0
      }
      no_card() { ! grep -q virtio /proc/asound/cards; }
      no_entropy() { ! grep -q virtio /sys/class/misc/hw_random/rng_available; }
      entropy() { grep -q virtio /sys/class/misc/hw_random/rng_current; }
      # refused NAME STATUS OPTION...: the adapter ends with that status
      refused() {
        name=$1 wanted=$2; shift 2
        set +e
        chroot $H @BIN@/virtio-loopback-adapter "$@" >$name.out 2>$name.err
        status=$?
        set -e
        if [ $status -ne $wanted ]; then echo "$name: status $status, not $wanted"; cat $name.err; exit 7; fi
      }
      """;

  private final Clip first = Clip.noise(31, 1500);
  private final Clip second = Clip.noise(32, 1500);
  private final Clip third = Clip.noise(33, 500);
  private final Clip endless = Clip.noise(34, 60_000);
  private final Clip source = Clip.noise(35, 1500);

  private Path share;
  private String console;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    share = Files.createDirectory(directory.resolve("share"));
    Files.copy(module(), share.resolve("virtio-loopback.ko"));
    first.writeRaw(share.resolve("first.raw"));
    second.writeRaw(share.resolve("second.raw"));
    third.writeRaw(share.resolve("third.raw"));
    endless.writeRaw(share.resolve("endless.raw"));
    source.writeWav(share.resolve("source.wav"));
    String format = first.alsaOptions();
    String script =
        PRELUDE
            + """
            set -e
            echo in this process
            start here virtio-loopback-adapter -l 0 -d sound --backend=file --playback-file=@SHARE@/here.wav \\
              --capture-file=@SHARE@/source.wav -l 1 -d rng
            ready here
            until_so card 0
            ls -d /sys/bus/virtio/devices/*
            record 0 here.rec -s @FRAMES@ @FORMAT@ & recorder=$!
            play 0 first.raw @FORMAT@
            wait $recorder
            until_so entropy
            dd if=/dev/hwrng of=here.rnd bs=1024 count=16 2>&1
            rebind
            play 0 third.raw @FORMAT@
            refused busy 1 -d vrng -l 0
            refused missing 1 -d vrng -l 9
            refused nobody 1 -s /dev/shm/nobody.sock -d vhusnd -l 2
            refused usage 2 -d vhusnd -l 2
            stop here TERM
            until_so no_card
            until_so no_entropy

            echo behind a daemon
            start waiting virtio-loopback-adapter -s /dev/shm/snd.sock -d vhusnd -l 0 --wait
            start daemon vhost-device-sound --socket=/dev/shm/snd.sock --backend=file --playback-file=@SHARE@/daemon.wav
            ready waiting
            until_so card 0
            play 0 second.raw @FORMAT@
            rebind
            play 0 third.raw @FORMAT@

            echo the daemon dies
            play 0 endless.raw @FORMAT@ & player=$!
            sleep 2
            stop daemon KILL
            if wait $player; then echo "the player has not noticed"; exit 8; fi
            until_so no_card
            start daemon2 vhost-device-sound --socket=/dev/shm/snd.sock --backend=file --playback-file=@SHARE@/again.wav
            until_so card 0
            play 0 third.raw @FORMAT@

            echo the adapter dies
            play 0 endless.raw @FORMAT@ & player=$!
            sleep 2
            stop waiting KILL
            if wait $player; then echo "the player has not noticed"; exit 8; fi
            until_so no_card
            start next virtio-loopback-adapter -s /dev/shm/snd.sock -d vhusnd -l 0
            ready next
            until_so card 0
            play 0 first.raw @FORMAT@
            stop next TERM
            stop daemon2 TERM
            until_so no_card

            echo entropy of a daemon
            start rngd vhost-device-rng --socket=/dev/shm/rng.sock
            ready rngd
            refused unfit 1 -s /dev/shm/rng.sock -d vhusnd -l 2
            start vhurng virtio-loopback-adapter -s /dev/shm/rng.sock -d vhurng -l 1
            ready vhurng
            until_so entropy
            dd if=/dev/hwrng of=daemon.rnd bs=1024 count=16 2>&1
            echo no driver comes
            echo 0 >/sys/bus/virtio/drivers_autoprobe
            start alone virtio-loopback-adapter -d vrng -l 2
            ready alone
            until_so grep 'no driver has started' alone.err
            stop alone TERM
            echo 1 >/sys/bus/virtio/drivers_autoprobe
            stop vhurng TERM
            stop rngd TERM
            until_so no_entropy
            until_so rmmod virtio_loopback
            exit 0
            """;
    try (LinuxGuest guest =
        SoundGuest.bootInUserMode(
            share,
            script
                .replace("@JAVA@", System.getProperty("java.home"))
                .replace("@BIN@", Daemon.DISTRIBUTION.resolve("bin").toString())
                .replace("@SHARE@", share.toString())
                .replace("@FRAMES@", String.valueOf(source.frames()))
                .replace("@FORMAT@", format),
            List.of(),
            "--memory",
            "1536",
            "--cpus",
            "2",
            "--kernel",
            KERNEL,
            "--console",
            directory.resolve("console").toString())) {
      guest.awaitSuccess();
    } finally {
      tell("here.err", "waiting.err", "next.err", "vhurng.err", "busy.err", "unfit.err");
    }
    console = Files.readString(directory.resolve("console"), StandardCharsets.ISO_8859_1);
  }

  /** Which user-mode Linux; the other one is debug. */
  private static final String KERNEL = System.getProperty("vhost4j.uml", "plain");

  private static Path module() throws IOException, InterruptedException {
    Process build =
        new ProcessBuilder(Daemon.SCRIPTS.resolve("uml/loopback-module.sh").toString(), KERNEL)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String path = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(build.waitFor()).isZero();
    return Path.of(path.strip());
  }

  private void tell(String... files) throws IOException {
    for (String file : files) {
      Path path = share.resolve(file);
      if (Files.exists(path)) {
        System.out.println(file + ":\n" + Files.readString(path));
      }
    }
  }

  /** The clips, one after the other, with the silence that players send behind them. */
  private Arrived arrived(String file, Clip... clips) throws Exception {
    Arrived arrived = new Arrived(file, clips[0].readWavData(share.resolve(file)));
    for (Clip clip : clips) {
      arrived.then(clip).thenSilenceUpTo(clip.hertz() * SILENT_MILLIS / 1000);
    }
    return arrived;
  }

  private void assertRandom(String file) throws IOException {
    byte[] bytes = Files.readAllBytes(share.resolve(file));
    assertThat(bytes).hasSize(16 * 1024);
    Set<Integer> values = new HashSet<>();
    for (byte each : bytes) {
      values.add((int) each);
    }
    assertThat(values).hasSizeGreaterThan(250);
  }

  private void assertTold(String file, String... words) throws IOException {
    assertThat(Files.readAllLines(share.resolve(file)))
        .anySatisfy(line -> assertThat(line).contains(words));
  }

  @Test
  void aDeviceOfThisProcessPlaysBitForBit() throws Exception {
    arrived("here.wav", first, third).end();
  }

  @Test
  void aDeviceOfThisProcessRecordsBitForBit() throws Exception {
    byte[] recorded = Files.readAllBytes(share.resolve("here.rec"));
    new Arrived("here.rec", source.withBytes(recorded)).then(source).end();
  }

  @Test
  void twoCardsOfOneProcessWorkAtTheSameTime() throws Exception {
    assertRandom("here.rnd");
  }

  @Test
  void aDaemonPlaysBitForBit() throws Exception {
    Arrived unused = arrived("daemon.wav", second, third).thenStartOf(endless);
  }

  @Test
  void theCardReturnsWithItsDaemon() throws Exception {
    assertTold("waiting.err", "the card is taken away", "/dev/shm/snd.sock is gone");
    Arrived unused = arrived("again.wav", third).thenStartOf(endless);
  }

  @Test
  void anAdapterThatWasKilledIsFollowedByAnother() throws Exception {
    assertTold("next.err", "the driver has started the device");
  }

  @Test
  void whoIsToldToEndsWithoutFailure() throws Exception {
    assertThat(Files.readAllLines(share.resolve("ends")))
        .contains("here ended with 0", "next ended with 0", "vhurng ended with 0")
        .contains("waiting ended with 137");
  }

  @Test
  void aDriverThatLetsGoIsFollowedByAnother() throws Exception {
    assertTold("here.err", "the driver has let go of the device");
    assertTold("waiting.err", "the driver has let go of the device");
  }

  @Test
  void aDriverThatDoesNotComeIsMissed() throws Exception {
    assertTold("alone.err", "no driver has started the device yet", "modprobe virtio_rng");
  }

  @Test
  void aDaemonGivesEntropy() throws Exception {
    assertRandom("daemon.rnd");
  }

  @Test
  void whatCannotBeIsToldInOneLine() throws Exception {
    assertTold("busy.err", "/dev/loopback-0 is in use");
    assertTold("missing.err", "there is no /dev/loopback-9", "devices=N");
    assertTold("nobody.err", "no daemon answers at /dev/shm/nobody.sock", "start it");
    assertTold("usage.err", "no socket for vhusnd");
    assertTold("unfit.err", "/dev/shm/rng.sock has 1 queues", "vhusnd needs 4");
    for (String file : List.of("busy", "missing", "nobody", "unfit")) {
      assertThat(share.resolve(file + ".err")).content().doesNotContain("\tat ", "Exception");
    }
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    assertThat(console).doesNotContain("WARNING:", "BUG:", "Oops", "Call Trace", "KASAN");
  }
}
