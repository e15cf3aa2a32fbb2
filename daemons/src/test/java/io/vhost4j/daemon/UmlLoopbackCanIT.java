package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * CAN controllers on an interface of a real kernel, vcan0, whose drivers are those of the same
 * kernel. The machine boots once; the tests look at what it left.
 */
@DriverTest(
    device = "can",
    driver = "virtio_can",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackCanIT {
  private static final int FRAMES = 10_000;

  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    guest.run(
        2,
        (CanLog.FUNCTIONS
                + """
        refused missing 1 -l 0 -d can --can-devices=can7
        ip link add dev vcan0 mtu 72 type vcan
        start here virtio-loopback-adapter -l 0 -d can --can-devices=vcan0
        ready here
        until_so [ -e /sys/class/net/can0 ]
        cat /sys/class/net/can0/device/features >features

        echo down at first
        ip link set can0 up
        cansend can0 001#01
        until_so grep 'vcan0 is down' here.err
        ip link set vcan0 up
        until_so grep 'vcan0 is back' here.err
        echo dropped $(counter can0 tx_dropped) >>counters

        echo from vcan0 to the card
        listen vcan0 host.1; host=$listener
        listen can0 card.1; card=$listener
        cangen vcan0 -m -g 0.1 -n @FRAMES@
        await_frames @FRAMES@ host.1
        await_frames @FRAMES@ card.1

        echo and back
        cangen can0 -m -g 0 -p 1000 -n @FRAMES@
        await_frames $((2 * @FRAMES@)) host.1
        await_frames $((2 * @FRAMES@)) card.1
        end $host $card
        for name in tx_packets rx_packets tx_dropped rx_dropped; do
          echo $name $(counter can0 $name) >>counters
        done

        echo bus-off
        listen can0,0:0,#FFFFFFFF card.2 -D; card=$listener
        cansend vcan0 20000040#0000000000000000
        until_so grep '#' card.2
        echo carrier $(cat /sys/class/net/can0/carrier) >>counters
        until_so grep 'bus-off' here.err
        ip link set can0 down
        ip link set can0 up
        cansend vcan0 002#02
        await_frames 2 card.2
        end $card

        echo gone, and back
        ip link del vcan0
        until_so grep 'vcan0 is no CAN interface' here.err
        cansend can0 003#03
        ip link add dev vcan0 mtu 72 type vcan
        ip link set vcan0 up
        back() { [ $(grep -c 'vcan0 is back' here.err) -ge 2 ]; }
        until_so back
        listen vcan0 host.3; host=$listener
        cansend can0 004#04
        await_frames 1 host.3
        end $host

        echo behind a daemon without privileges
        mkdir -m 777 /dev/shm/nobody
        chroot $H /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
          @BIN@/vhost-device-can -s /dev/shm/nobody/can -d vcan0 >daemon.out 2>daemon.err & daemon=$!
        ready daemon
        grep -E '^(Uid|CapEff)' /proc/$daemon/status >rights
        start vhucan virtio-loopback-adapter -s /dev/shm/nobody/can0 -d vhucan -l 1
        ready vhucan
        until_so [ -e /sys/class/net/can1 ]
        ip link set can1 up
        listen can0 card.4; zero=$listener
        listen can1 card.5; one=$listener
        sent=0
        both_see() { sent=$((sent + 1)); await_frames $sent card.4; await_frames $sent card.5; }
        cansend can1 12345678##0112233; both_see
        cansend can0 005#R4; both_see
        cansend vcan0 006#; both_see
        end $zero $one
        stop vhucan TERM
        stop daemon TERM
        stop here TERM
        """)
            .replace("@FRAMES@", String.valueOf(FRAMES)));
  }

  private List<String> frames(String file) throws Exception {
    return CanLog.frames(guest.share().resolve(file));
  }

  private List<String> counters() throws Exception {
    return Files.readAllLines(guest.share().resolve("counters"));
  }

  @Test
  void allFeaturesAreOfferedOnAnInterfaceWithFd_L3() throws Exception {
    assertThat(guest.share().resolve("features")).content().startsWith("1111");
  }

  @Test
  void framesOfTheHostArriveBitForBitAndNoneIsLost() throws Exception {
    List<String> host = frames("host.1");
    List<String> card = frames("card.1");
    assertThat(host).hasSize(2 * FRAMES);
    assertThat(card.subList(0, FRAMES)).isEqualTo(host.subList(0, FRAMES));
    assertThat(counters()).contains("rx_packets " + FRAMES, "rx_dropped 0");
  }

  /** The card's own echo is what its driver was told is on the bus. */
  @Test
  void framesOfTheGuestArriveBitForBitAndNoneIsLost_L6() throws Exception {
    List<String> host = frames("host.1");
    List<String> card = frames("card.1");
    assertThat(card).hasSize(2 * FRAMES);
    assertThat(card.subList(FRAMES, 2 * FRAMES)).isEqualTo(host.subList(FRAMES, 2 * FRAMES));
    assertThat(counters()).contains("tx_packets " + FRAMES);
  }

  @Test
  void busOffReachesTheDriverWhichStartsAnew_L7_L8() throws Exception {
    assertThat(frames("card.2")).hasSize(2).first().asString().startsWith("20000040#");
    assertThat(frames("card.2")).last().isEqualTo("002#02");
    assertThat(counters()).contains("carrier 0");
  }

  @Test
  void anInterfaceThatIsDownOrGoneIsToldOnceAndComesBack() throws Exception {
    List<String> lines = guest.lines("here.err");
    assertThat(lines).filteredOn(line -> line.contains("vcan0 is down: 'ip link set ")).hasSize(1);
    assertThat(lines).filteredOn(line -> line.contains("is no CAN interface of")).hasSize(1);
    assertThat(counters()).contains("dropped 1");
    assertThat(frames("host.3")).containsExactly("004#04");
  }

  @Test
  void aMissingInterfaceIsOneLine() throws Exception {
    assertThat(guest.lines("missing.err"))
        .singleElement()
        .asString()
        .contains("can7 is no CAN interface of this network namespace: 'ip ");
  }

  @Test
  void aDaemonWithoutPrivilegesServesToo() throws Exception {
    assertThat(guest.lines("rights").get(0)).contains("65534\t65534\t65534");
    assertThat(guest.lines("rights").get(1)).endsWith("0000000000000000");
    assertThat(frames("card.4")).containsExactly("12345678##112233", "005#R4", "006#");
    assertThat(frames("card.5")).containsExactlyElementsOf(frames("card.4"));
    assertThat(guest.lines("ends"))
        .contains("here ended with 0", "daemon ended with 0", "vhucan ended with 0");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
