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
 * I2C and SPI of a machine that is its own guest, on buses of its kernel: adapters that take whole
 * transfers, that take SMBus commands alone, that go and come back; and a chip that echoes.
 */
@DriverTest(
    device = "i2c",
    driver = "i2c-virtio",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@DriverTest(
    device = "spi",
    driver = "spi-virtio",
    kernel = "Linux 7.3, user-mode",
    transport = "loopback")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackBusesIT {
  private static final String SCRIPT =
      """
      insmod ./hostbus.ko
      virtual() { bus i2c_virtio >/dev/null; }
      no_virtual() { ! virtual; }

      echo an adapter for transfers
      start here virtio-loopback-adapter -l 0 -d i2c "--device-list=hostbus I2C:28"
      ready here
      until_so virtual
      B=$(bus i2c_virtio)
      i2c detect -y -q $B >quick
      i2c set -y $B 0x1c 0x20 0x77
      dmesg -c >/dev/null
      i2c transfer -y $B w1@0x1c 0x20 r1 >combined
      i2c transfer -y $B w3@0x1c 0x30 1 2 w1@0x1c 0x30 r2 >three
      dmesg -c >transfers
      i2c get -y $(bus 'hostbus I2C') 0x1c 0x20 >seen
      stop here TERM
      until_so no_virtual

      echo an adapter for commands, behind a daemon
      start daemon vhost-device-i2c --socket=/dev/shm/i2c.sock "--device-list=hostbus SMBus:0x1c"
      start behind virtio-loopback-adapter -s /dev/shm/i2c.sock -d vhui2c -l 0 --wait
      ready behind
      until_so virtual
      B=$(bus i2c_virtio)
      i2c detect -y -q $B >smbus.quick
      i2c set -y $B 0x1c 0x40 0x78
      i2c get -y $B 0x1c 0x40 >smbus.byte
      i2c set -y $B 0x1c 0x41 0x1234 w
      i2c get -y $B 0x1c 0x41 w >smbus.word
      i2c set -y $B 0x1c 0x50 1 2 3 4 5 i
      i2c transfer -y $B w1@0x1c 0x50 r5 >smbus.block
      i2c transfer -y $B w1@0x1c 0x52 >smbus.seek
      i2c get -y $B 0x1c >smbus.receive
      i2c transfer -y $B w2@0x1c 0x50 9 r5 >smbus.other

      echo the adapter goes
      rmmod hostbus
      fails i2c get -y $B 0x1c 0x40 >gone
      insmod ./hostbus.ko
      i2c set -y $B 0x1c 0x40 0x79
      i2c get -y $B 0x1c 0x40 >back
      stop behind TERM
      stop daemon TERM
      until_so no_virtual

      echo a chip
      start chip virtio-loopback-adapter -l 0 -d spi --chips=/dev/spidev0.0
      ready chip
      until_so test -e /sys/class/spi_master/spi1
      echo 1 >/sys/module/hostbus/parameters/attach
      D=/dev/spidev1.0
      until_so test -e $D
      printf hello-spi | spi_pipe -d $D -b 9 -n 1 >hello
      dmesg -c >/dev/null
      for mode in 0 1 2 3; do
        spi_config -d $D -m $mode
        spi_pipe -d $D -s $((100000 + mode)) -b 4096 -n 10 <random >echo.$mode
      done
      spi_config -d $D -m 0 -l 1 -b 16
      printf words-16 | spi_pipe -d $D -s 200000 -b 8 -n 1 >words
      dmesg -c >chip.log
      fails spi_config -d $D -l 0 -b 32 >wide
      spi_config -d $D -l 0 -b 8
      printf too-fast- | fails spi_pipe -d $D -s 2000000 -b 9 -n 1 >fast 2>fast.err

      echo the chip goes
      rmmod hostbus
      printf hello-gap | fails spi_pipe -d $D -b 9 -n 1 >away 2>away.err
      insmod ./hostbus.ko
      printf hello-new | spi_pipe -d $D -b 9 -n 1 >returned
      rmmod hostbus
      insmod ./hostbus.ko
      printf hello-too | spi_pipe -d $D -b 9 -n 1 >unnoticed
      echo 1 >/sys/module/hostbus/parameters/attach
      stop chip TERM
      refused nobus 1 -l 0 -d i2c --device-list=4711:28
      refused nochip 1 -l 0 -d spi --chips=/dev/spidev47.11
      until_so rmmod virtio_loopback
      """;

  private final byte[] random = new byte[40_960];
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    guest = new LoopbackGuest(directory);
    BusTools.addModule(guest.share(), LoopbackGuest.KERNEL);
    new Random(46).nextBytes(random);
    Files.write(guest.share().resolve("random"), random);
    guest.run(1, BusTools.functions() + SCRIPT);
  }

  private String left(String file) throws Exception {
    return Files.readString(guest.share().resolve(file)).strip();
  }

  @Test
  void aGroupIsOneTransferOfTheHost_I4() throws Exception {
    assertThat(left("combined")).isEqualTo("0x77");
    assertThat(left("three")).isEqualTo("0x01 0x02");
    assertThat(left("seen")).isEqualTo("0x77");
    assertThat(left("transfers").lines().map(line -> line.replaceFirst(".*hostbus", "hostbus")))
        .containsExactly("hostbus: 2 messages in one go", "hostbus: 3 messages in one go");
  }

  @Test
  void emptyMessagesReachTheHost_I5() throws Exception {
    for (String scan : new String[] {"quick", "smbus.quick"}) {
      assertThat(left(scan)).containsPattern("10: [- ]+ 1c ").doesNotContain(" 20 ", " 50 ");
    }
  }

  @Test
  void anAdapterForCommandsHasThem() throws Exception {
    assertThat(left("smbus.byte")).isEqualTo("0x78");
    assertThat(left("smbus.word")).isEqualTo("0x1234");
    assertThat(left("smbus.block")).isEqualTo("0x01 0x02 0x03 0x04 0x05");
    assertThat(left("smbus.receive")).isEqualTo("0x03");
  }

  @Test
  void whatIsNoCommandFailsAndIsTold() throws Exception {
    assertThat(left("smbus.other")).contains("only 0/2 messages were sent");
    guest.assertTold("daemon.err", "can do SMBus commands alone");
  }

  @Test
  void anAdapterThatGoesIsUsedAgainWhenItIsBack() throws Exception {
    assertThat(left("gone")).contains("Error");
    assertThat(left("back")).isEqualTo("0x79");
    guest.assertTold("daemon.err", "is not there");
    guest.assertTold("daemon.err", "is back");
  }

  @Test
  void aChipEchoesInEachMode() throws Exception {
    assertThat(left("hello")).isEqualTo("hello-spi");
    for (int mode = 0; mode < 4; mode++) {
      byte[] echo = Files.readAllBytes(guest.share().resolve("echo." + mode));
      assertThat(Arrays.mismatch(random, echo)).as("mode %d", mode).isEqualTo(-1);
      assertThat(left("chip.log"))
          .contains("hostbus: 4096 bytes, mode %d, 8 bits, %d Hz".formatted(mode, 100_000 + mode));
    }
    assertThat(left("words")).isEqualTo("words-16");
    assertThat(left("chip.log")).contains("hostbus: 8 bytes, mode 8, 16 bits, 200000 Hz");
  }

  @Test
  void whatTheChipCannotDoIsRefused_P1() throws Exception {
    assertThat(left("wide")).as("which the configuration tells").contains("Invalid argument");
    guest.assertTold("chip.err", "the clock is too fast");
  }

  @Test
  void aChipThatGoesIsUsedAgainWhenItIsBack() throws Exception {
    assertThat(left("away")).doesNotContain("hello-gap");
    assertThat(left("returned")).isEqualTo("hello-new");
    assertThat(left("unnoticed")).isEqualTo("hello-too");
    guest.assertTold("chip.err", "/dev/spidev0.0 is back");
  }

  @Test
  void whatIsNotThereIsToldInOneLine() throws Exception {
    guest.assertTold("nobus.err", "/dev/i2c-4711 is not there: load the module i2c-dev");
    guest.assertTold("nochip.err", "/dev/spidev47.11 is not there: load the module spidev");
  }

  @Test
  void whoIsToldToEndsWithoutFailure() throws Exception {
    assertThat(left("ends"))
        .contains("here ended with 0", "behind ended with 0", "daemon ended with 0")
        .contains("chip ended with 0");
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
