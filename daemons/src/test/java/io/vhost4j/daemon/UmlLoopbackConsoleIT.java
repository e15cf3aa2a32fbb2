package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Consoles and serial ports of a machine that is its own guest: what one program writes into a
 * pseudo-terminal, another reads from /dev/hvc0. The machine boots once; the tests look at what it
 * left.
 */
@DriverTest(
    device = "console",
    driver = "virtio_console",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackConsoleIT {
  private static final int MUCH = 200_000;

  private static final int PIPE = 1 << 20;

  private final byte[] random = new byte[MUCH];

  /** As much as a pipe holds. */
  private final byte[] whole = new byte[PIPE];

  /**
   * Each value several times; no more, as the module drops what a console's device is slow to take.
   */
  private final byte[] every = new byte[1024];

  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 900, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    new Random(MUCH).nextBytes(random);
    Files.write(guest.share().resolve("random"), random);
    new Random(PIPE).nextBytes(whole);
    Files.write(guest.share().resolve("whole"), whole);
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    Files.write(guest.share().resolve("every"), every);
    String script =
        """
        mount -o bind /dev/pts $H/dev/pts
        # serial NAME: the port of that name, in $port
        serial() {
          for each in /sys/class/virtio-ports/*; do
            if [ "$(cat $each/name)" = $1 ]; then port=/dev/${each##*/}; return; fi
          done
          return 1
        }
        no_port() { [ -z "$(ls /sys/class/virtio-ports)" ]; }
        # Linux counts on: the next console is hvc1.
        console() {
          for each in 0 1 2 3; do
            if [ -c /dev/hvc$each ] && (: <>/dev/hvc$each); then hvc=/dev/hvc$each; return; fi
          done
          return 1
        }
        # use_console NAME: through $hvc, whose other end is the pseudo-terminal /dev/shm/con, both ways
        use_console() {
          exec 3<>/dev/shm/con 4<>$hvc
          stty raw -echo <&4
          head -c 1024 <&4 >$1.in & reader=$!
          cat every >&3
          wait $reader
          head -c 1024 <&3 >$1.out & reader=$!
          cat every >&4
          wait $reader
          echo "$1: carried"
          stty rows 43 cols 132 <&3
          until_so bigger
          stty size <&4 >$1.size
          exec 3>&- 4>&-
          sleep 0.5 # Linux' hvc has work that outlives its terminal
        }
        logged() { [ $(stat -c %s log) -ge @ALL@ ]; }
        bigger() { [ "$(stty size <&4)" = "43 132" ]; }

        echo in this process
        start here virtio-loopback-adapter -l 0 -d console --console=pty:/dev/shm/con \
          --serial=agent=pty:/dev/shm/agent,log=file:@SHARE@/log
        ready here
        until_so console
        use_console here
        until_so serial agent
        cat random >$port & writer=$!
        sleep 1
        kill -0 $writer
        head -c @MUCH@ /dev/shm/agent >agent.out
        wait $writer
        until_so serial log
        cat random >$port
        # A pipe is full, and goes into the port by splice(2), which makes one buffer of it.
        chroot $H perl -e '
          open F, "<", "@SHARE@/whole"; read F, $text, @PIPE@;
          pipe R, W; fcntl(W, 1031, @PIPE@) or die "F_SETPIPE_SZ: $!"; syswrite(W, $text) == @PIPE@ or die "pipe: $!";
          open P, ">", $ARGV[0] or die "$ARGV[0]: $!";
          syscall(275, fileno R, 0, fileno P, 0, @PIPE@, 0) == @PIPE@ or die "splice: $!"' $port
        until_so logged
        stop here TERM
        until_so no_port

        echo behind a daemon
        start daemon vhost-device-console --socket=/dev/shm/con.sock --console=pty:/dev/shm/con
        ready daemon
        start adapter virtio-loopback-adapter -d vhuconsole -s /dev/shm/con.sock -l 1
        ready adapter
        until_so console
        use_console daemon
        stop adapter TERM
        stop daemon TERM
        until_so no_port
        until_so rmmod virtio_loopback
        """;
    guest.run(
        2,
        script
            .replace("@MUCH@", String.valueOf(MUCH))
            .replace("@PIPE@", String.valueOf(PIPE))
            .replace("@ALL@", String.valueOf(MUCH + PIPE)));
  }

  @Test
  void aConsoleOfThisProcessCarriesEveryByteBothWays() {
    assertCarried("here");
  }

  @Test
  void aConsoleBehindADaemonCarriesEveryByteBothWays() {
    assertCarried("daemon");
  }

  private void assertCarried(String name) {
    assertThat(guest.share().resolve(name + ".in")).hasBinaryContent(every);
    assertThat(guest.share().resolve(name + ".out")).hasBinaryContent(every);
  }

  @Test
  void theWindowHasTheSizeOfThePseudoTerminal() throws Exception {
    assertThat(guest.lines("here.size")).containsExactly("43 132");
    assertThat(guest.lines("daemon.size")).containsExactly("43 132");
  }

  @Test
  void aSerialPortWaitsForItsReaderAndLosesNothing() throws Exception {
    assertThat(guest.share().resolve("agent.out")).hasBinaryContent(random);
    assertThat(log(0, MUCH)).isEqualTo(random);
  }

  @Test
  void aSerialPortTakesAWholePipe() throws Exception {
    assertThat(log(MUCH, MUCH + PIPE)).isEqualTo(whole);
  }

  private byte[] log(int from, int to) throws Exception {
    return Arrays.copyOfRange(Files.readAllBytes(guest.share().resolve("log")), from, to);
  }

  @Test
  void aDeviceOfThisProcessIsServedUntilItsDriverLetsGo() throws Exception {
    guest.assertTold("here.err", "the driver has let go of the device");
  }

  @Test
  void whoIsToldToEndsWithoutFailure() throws Exception {
    assertThat(guest.lines("ends"))
        .containsExactly("here ended with 0", "adapter ended with 0", "daemon ended with 0");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
