package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.testkit.DriverTest;
import io.vhost4j.testkit.LinuxGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon's simulated bus as an adapter of a user-mode Linux, used by i2c-tools. The machine
 * boots once; the tests look at what it left.
 */
@DriverTest(
    device = "i2c",
    driver = "i2c-virtio",
    kernel = "Linux 7.3, user-mode",
    transport = "vhost-user")
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlI2cIT {
  private static final String SCRIPT =
      """
      B=$(bus i2c_virtio)
      i2c detect -l >adapters
      i2c detect -F $B >functions
      i2c detect -y -q $B >quick
      i2c detect -y -r $B >read
      i2c set -y $B 0x50 0x10 0xab
      i2c get -y $B 0x50 0x10 >byte
      i2c set -y $B 0x20 0x30 0x1234 w
      i2c get -y $B 0x20 0x30 w >word
      i2c transfer -y $B w5@0x20 0x40 1 2 3 4
      i2c transfer -y $B w1@0x20 0x40 r4 >combined
      i2c transfer -y $B w1@0x50 0x10 r1 w1@0x20 0x30 r2 w1@0x20 0x41 r2 >six
      i2c transfer -y $B w1@0x20 0 r8192 >long
      i2c transfer -y $B w257@0x20 0 0=
      i2c transfer -y $B w256@0x20 0 1+
      i2c dump -y $B 0x20 b >dump
      i2c dump -y $B 0x20 i >blocks
      fails i2c get -y $B 0x21 0 >refused
      i2c transfer -y $B w1@0x20 0 r1 w1@0x21 0 r1 >half
      i2c get -y $B 0x20 0 >after
      for round in 1 2 3; do
        echo virtio0 >/sys/bus/virtio/drivers/i2c_virtio/unbind
        echo virtio0 >/sys/bus/virtio/drivers/i2c_virtio/bind
      done
      B=$(bus i2c_virtio)
      i2c get -y $B 0x50 0x10 >rebound
      # Whoever is killed while he waits leaves nothing behind.
      for n in 1 2 3 4 5 6 7 8; do
        chroot $H /usr/sbin/i2ctransfer -y $B w1@0x20 0 r8192 >/dev/null & p=$!
        usleep 2000
        kill -9 $p 2>/dev/null || true
        wait $p || true
      done
      i2c get -y $B 0x50 0x10 >killed
      if dmesg | grep -E 'WARNING:|BUG:|Oops'; then exit 8; fi
      """;

  private Path share;
  private List<String> log;
  private String meters;

  @BeforeAll
  @Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheAdapter(@TempDir Path directory) throws Exception {
    share = Files.createDirectory(directory.resolve("share"));
    Metrics metrics = Metrics.anywhere();
    Path prefix = directory.resolve("i2c");
    try (Daemon daemon =
            Daemon.startDevice(
                    "i2c", "-s", prefix.toString(), "-c1", "-l", "sim:80:32", metrics.option())
                .awaitReady();
        LinuxGuest guest =
            LinuxGuest.inUserMode()
                .share(share)
                .device(directory.resolve("i2c0"), 34, "vhost-user-i2c-pci")
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
  void theAdapterIsThere() throws Exception {
    assertThat(left("adapters")).contains("i2c_virtio at virtio bus 0");
    assertThat(left("functions")).containsPattern("I2C +yes");
  }

  /** I5: zero-length writes, and reads of a byte. */
  @Test
  void detectFindsTheChipsThatAreThereAndNoOther() throws Exception {
    for (String scan : List.of("quick", "read")) {
      String found =
          left(scan)
              .lines()
              .skip(1)
              .flatMap(line -> List.of(line.substring(4).trim().split(" +")).stream())
              .filter(word -> word.matches("[0-9a-f]{2}|UU"))
              .collect(Collectors.joining(" "));
      assertThat(found).as(scan).isEqualTo("20 50");
    }
  }

  @Test
  void whatWasSetIsGot() throws Exception {
    assertThat(left("byte")).isEqualTo("0xab");
    assertThat(left("word")).isEqualTo("0x1234");
  }

  @Test
  void severalMessagesAreOneTransfer() throws Exception {
    assertThat(left("combined")).isEqualTo("0x01 0x02 0x03 0x04");
    assertThat(left("six")).isEqualTo("0xab\n0x34 0x12\n0x02 0x03");
  }

  @Test
  void theLongestMessageIsRead() throws Exception {
    String[] bytes = left("long").split(" ");
    assertThat(bytes).hasSize(8192);
    assertThat(bytes[0x40]).isEqualTo("0x01");
    assertThat(bytes[0x1f40]).isEqualTo("0x01");
  }

  /** Each byte is one more than its register: a transfer of all but the last, begun at 0. */
  @Test
  void aDumpReadsEveryRegister() throws Exception {
    String bytes =
        IntStream.range(0, 256)
            .mapToObj(i -> i == 255 ? "00" : "%02x".formatted(i + 1))
            .collect(Collectors.joining(" "));
    for (String dump : List.of("dump", "blocks")) {
      String read =
          left(dump)
              .lines()
              .filter(line -> line.matches("[0-9a-f]0: .*"))
              .map(line -> line.substring(4, 4 + 16 * 3 - 1))
              .collect(Collectors.joining(" "));
      assertThat(read).as(dump).isEqualTo(bytes);
    }
  }

  @Test
  void whatIsNotOnTheListIsRefused_I3_I7() throws Exception {
    assertThat(left("refused")).contains("Error: Read failed");
    assertThat(left("half")).contains("only 2/4 messages were sent");
    assertThat(left("after")).isEqualTo("0x01");
    assertThat(log).anySatisfy(line -> assertThat(line).contains("asks for address 0x"));
  }

  @Test
  void aDriverIsFollowedByAnother() throws Exception {
    assertThat(left("rebound")).isEqualTo("0xab");
  }

  @Test
  void whoIsKilledWhileHeWaitsLeavesNothingBehind() throws Exception {
    assertThat(left("killed")).isEqualTo("0xab");
  }

  @Test
  void messagesAreCounted() {
    assertThat(meters)
        .containsPattern("vhost_i2c_messages_total\\{device=\"i2c0\".*status=\"ok\"\\} [1-9]")
        .containsPattern("vhost_i2c_messages_total\\{device=\"i2c0\".*status=\"error\"\\} [1-9]");
  }
}
