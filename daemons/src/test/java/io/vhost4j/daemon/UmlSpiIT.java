package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon's simulated chips at a controller of a user-mode Linux, used by spi-tools. The machine
 * boots once; the tests look at what it left.
 */
@DriverTest(
    device = "spi",
    driver = "spi-virtio",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlSpiIT {
  private static final int BYTES = 40_960;

  private static final String SCRIPT =
      """
      insmod ./hostbus.ko
      echo 1 >/sys/module/hostbus/parameters/attach
      ls /dev/spidev* >chips
      D=/dev/spidev0.0
      spi_config -d $D -q >query
      printf hello-spi | spi_pipe -d $D -b 9 -n 1 >hello
      for mode in 0 1 2 3; do
        spi_config -d $D -m $mode -l 0
        spi_config -d $D -q >query.$mode
        spi_pipe -d $D -s $((100000 + mode)) -b 4096 -n 10 <random >echo.$mode
      done
      spi_config -d $D -m 0 -l 1
      printf lsb-first | spi_pipe -d $D -b 9 -n 1 >lsb
      spi_config -d $D -l 0 -b 16
      printf words-16 | spi_pipe -d $D -b 8 -n 1 >words
      spi_config -d $D -b 8
      printf too-fast- | fails spi_pipe -d $D -s 60000000 -b 9 -n 1 >fast 2>fast.err
      printf hello-one | spi_pipe -d /dev/spidev0.1 -b 9 -n 1 >other
      device=$(basename $(readlink -f /sys/class/spi_master/spi0/device))
      driver=$(readlink -f /sys/bus/virtio/devices/$device/driver)
      for round in 1 2 3; do
        echo $device >$driver/unbind
        echo $device >$driver/bind
      done
      echo 1 >/sys/module/hostbus/parameters/attach
      printf rebound-- | spi_pipe -d $D -b 9 -n 1 >rebound
      if dmesg | grep -E 'WARNING:|BUG:|Oops'; then exit 8; fi
      """;

  private final byte[] random = new byte[BYTES];
  private Path share;
  private List<String> log;
  private String meters;

  @BeforeAll
  @Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheController(@TempDir Path directory) throws Exception {
    share = Files.createDirectory(directory.resolve("share"));
    BusTools.addModule(share, "plain");
    new Random(45).nextBytes(random);
    Files.write(share.resolve("random"), random);
    Metrics metrics = Metrics.anywhere();
    Path socket = directory.resolve("spi.sock");
    try (Daemon daemon =
            Daemon.startDevice("spi", "--socket=" + socket, "-l", "sim,sim", metrics.option())
                .awaitReady();
        LinuxGuest guest =
            LinuxGuest.inUserMode()
                .share(share)
                .device(socket, 45, "vhost-user-spi-pci")
                .run(BusTools.PRELUDE + SCRIPT)) {
      guest.awaitSuccess();
      meters = metrics.page();
      daemon.terminate();
      assertThat(daemon.exitStatus()).isZero();
      log = daemon.err();
    }
  }

  private String left(String file) throws Exception {
    return Files.readString(share.resolve(file)).strip();
  }

  @Test
  void eachChipSelectHasAChip() throws Exception {
    assertThat(left("chips")).contains("/dev/spidev0.0", "/dev/spidev0.1");
    assertThat(left("hello")).isEqualTo("hello-spi");
    assertThat(left("other")).isEqualTo("hello-one");
  }

  @Test
  void bytesGoBothWaysAtOnceInEachMode() throws Exception {
    for (int mode = 0; mode < 4; mode++) {
      assertThat(left("query." + mode)).contains("mode=" + mode);
      byte[] echo = Files.readAllBytes(share.resolve("echo." + mode));
      assertThat(Arrays.mismatch(random, echo)).as("mode %d", mode).isEqualTo(-1);
    }
  }

  @Test
  void otherBitOrdersAndWordsAreTransferred() throws Exception {
    assertThat(left("lsb")).isEqualTo("lsb-first");
    assertThat(left("words")).isEqualTo("words-16");
  }

  @Test
  void whatIsNotSupportedIsRefused_P1() throws Exception {
    assertThat(left("fast")).doesNotContain("too-fast");
    assertThat(log).anySatisfy(line -> assertThat(line).contains("the clock is too fast"));
  }

  @Test
  void aDriverIsFollowedByAnother() throws Exception {
    assertThat(left("rebound")).isEqualTo("rebound--");
  }

  @Test
  void transfersAreCounted() {
    assertThat(meters)
        .containsPattern("vhost_spi_transfers_total\\{device=.*result=\"ok\".*\\} [1-9]")
        .containsPattern("vhost_spi_transfers_total\\{device=.*\"parameter_error\".*\\} [1-9]");
  }
}
