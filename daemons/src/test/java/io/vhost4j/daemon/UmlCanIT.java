package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two CAN controllers of one daemon that are joined, with Linux' driver and can-utils in a
 * user-mode Linux. It boots once; the tests look at what it left.
 */
@DriverTest(
    device = "can",
    driver = "virtio_can",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@Tag("jdk")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlCanIT {
  private static final int GENERATED = 2000;

  private static final List<String> KINDS =
      List.of(
          "123#",
          "7FF#0102030405060708",
          "000#FF",
          "1FFFFFFF#1122334455667788",
          "00000000#AA",
          "321#R",
          "321#R8",
          "12345678#R4",
          "123##0",
          "123##00102030405060708",
          "1ABCDEF0##0" + "0123456789ABCDEF".repeat(8));

  private Path share;
  private String metrics = "";
  private List<String> daemonErr = List.of();

  @BeforeAll
  @Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheCards(@TempDir Path directory) throws Exception {
    share = Files.createDirectory(directory.resolve("share"));
    Path prefix = directory.resolve("can");
    String script =
        """
        set -e
        H=/tmp/host
        mkdir $H
        mount -t hostfs -o / none $H
        for d in proc sys dev; do mount -o bind /$d $H/$d; done
        """
            + CanLog.FUNCTIONS
            + """
        cat /sys/class/net/can0/device/features >features
        cat /sys/class/net/can0/mtu >mtu

        # A controller that is stopped hears nothing
        ip link set can0 up
        cansend can0 001#01
        ip link set can1 up

        listen can1 kinds; kinds=$listener
        for frame in @KINDS@; do cansend can0 $frame; done
        await_frames @COUNT@ kinds
        end $kinds

        # Both ways at once, as fast as it goes
        listen can0 zero; zero=$listener
        listen can1 one; one=$listener
        cangen can0 -m -g 0 -p 1000 -n @GENERATED@ & first=$!
        cangen can1 -m -g 0 -p 1000 -n @GENERATED@ & second=$!
        wait $first
        wait $second
        await_frames $((2 * @GENERATED@)) zero
        await_frames $((2 * @GENERATED@)) one
        end $zero $one
        for i in 0 1; do
          for name in tx_packets rx_packets tx_dropped rx_dropped tx_errors rx_errors; do
            echo can$i $name $(counter can$i $name) >>counters
          done
        done

        # Down and up again, what came meanwhile is not heard
        ip link set can1 down
        cansend can0 002#02
        ip link set can1 up
        listen can1 again; again=$listener
        cansend can0 003#03
        await_frames 1 again
        end $again

        # A controller that joins a busy bus hears it, each time
        chroot $H /usr/bin/cangen can0 -g 1 -p 1000 & busy=$!
        for i in $(seq 20); do
          ip link set can1 down
          ip link set can1 up
          heard=$(counter can1 rx_packets)
          n=0
          until [ $(counter can1 rx_packets) -gt $heard ]; do
            n=$((n + 1)); [ $n -lt 200 ] || { echo "deaf after start $i" >>deaf; break 2; }
            usleep 10000
          done
        done
        end $busy
        touch deaf

        # Another driver
        device=$(basename $(readlink -f /sys/class/net/can1/device))
        echo $device >/sys/bus/virtio/drivers/virtio_can/unbind
        [ ! -e /sys/class/net/can1 ]
        cansend can0 004#04
        echo $device >/sys/bus/virtio/drivers/virtio_can/bind
        ip link set can1 up
        listen can1 rebound; rebound=$listener
        cansend can0 005#05
        await_frames 1 rebound
        end $rebound
        echo done
        touch done
        until [ -e end ]; do usleep 50000; done
        ! dmesg | grep -E 'WARNING:|BUG:|virtio_can'
        """;
    Metrics meters = Metrics.anywhere();
    try (Daemon daemon =
            Daemon.startDevice("can", "-s", prefix.toString(), "-d", "pair: pair:", meters.option())
                .awaitReady();
        LinuxGuest guest =
            LinuxGuest.inUserMode()
                .share(share)
                .device(Path.of(prefix + "0"), 36, "-")
                .device(Path.of(prefix + "1"), 36, "-")
                .run(
                    script
                        .replace("@KINDS@", String.join(" ", KINDS))
                        .replace("@COUNT@", String.valueOf(KINDS.size()))
                        .replace("@GENERATED@", String.valueOf(GENERATED)))) {
      guest.awaitLine("done");
      metrics = meters.page();
      Files.createFile(share.resolve("end"));
      guest.awaitSuccess();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      daemonErr = daemon.err();
    }
  }

  private List<String> frames(String file) throws Exception {
    return CanLog.frames(share.resolve(file));
  }

  @Test
  void linuxFindsAllFeatures() throws Exception {
    assertThat(share.resolve("features")).content().startsWith("1111");
    assertThat(share.resolve("mtu")).content().isEqualTo("72\n");
  }

  @Test
  void everyKindOfFrameArrivesAsItWasSent() throws Exception {
    assertThat(frames("kinds"))
        .isEqualTo(KINDS.stream().map(frame -> frame.replaceFirst("##.", "##")).toList());
  }

  /** What the sender's own side shows has been sent, in this order. */
  @Test
  void framesOfBothArriveInOrderAndNoneIsLost() throws Exception {
    List<String> zero = frames("zero");
    List<String> one = frames("one");
    assertThat(zero).hasSize(2 * GENERATED);
    assertThat(one).containsExactlyInAnyOrderElementsOf(zero);
    assertThat(metrics).contains("reason=\"no_buffer\"");
    assertThat(metrics.lines().filter(line -> line.startsWith("vhost_can_lost")))
        .allMatch(line -> line.endsWith(" 0.0"));
    assertThat(Files.readAllLines(share.resolve("counters")))
        .contains("can0 rx_packets " + GENERATED, "can1 tx_packets " + GENERATED)
        .contains("can0 tx_dropped 0", "can1 tx_dropped 0", "can0 rx_errors 0", "can1 rx_errors 0");
  }

  @Test
  void aControllerThatWasStoppedHearsOnlyWhatComesAfter_L1_L2() throws Exception {
    assertThat(frames("again")).containsExactly("003#03");
  }

  /** Linux' driver is deaf for ever if it is interrupted for a frame before it is through. */
  @Test
  void aControllerThatJoinsABusyBusHearsIt() throws Exception {
    assertThat(share.resolve("deaf")).content().isEmpty();
  }

  @Test
  void anotherDriverBeginsAnew() throws Exception {
    assertThat(frames("rebound")).containsExactly("005#05");
  }

  @Test
  void theDaemonHasNothingToComplainOf() {
    assertThat(daemonErr).noneMatch(line -> line.contains("WARN") || line.contains("ERROR"));
  }
}
