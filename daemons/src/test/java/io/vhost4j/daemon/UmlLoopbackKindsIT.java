package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.loopback.DeviceKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each kind of the adapter's table with our own daemon behind it, as far as there is one, and
 * {@code vrng} without: cards of one adapter, each of which the kernel's driver starts. The adapter
 * is that of {@code java -jar}.
 */
@EnabledIfEnvironmentVariable(named = "VHOST4J_PEERS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
class UmlLoopbackKindsIT {
  /** What a daemon has to be told, by the name of its device: nothing that needs hardware. */
  private static final Map<String, String> OPTIONS =
      Map.of(
          "can", "--can-devices=pair:a",
          "gpio", "--device-list=s8",
          "i2c", "--device-list=sim:80",
          "input", "--event-list=/dev/shm/keys.evemu",
          "sound", "--backend=null",
          "spi", "--chips=sim");

  private static final String KEYBOARD =
      """
      cat >/dev/shm/keys.evemu <<END
      N: Keyboard
      I: 0003 0001 0001 0001
      B: 00 03 00 02 00
      B: 01 fe ff ff ff ff ff ff ff
      END
      """;

  private record Card(DeviceKind kind, String device) {
    String options() {
      return OPTIONS.getOrDefault(device, "");
    }
  }

  private final List<Card> cards = new ArrayList<>();
  private LoopbackGuest guest;

  @BeforeAll
  @Timeout(value = 600, threadMode = ThreadMode.SEPARATE_THREAD)
  void useTheMachine(@TempDir Path directory) throws Exception {
    for (VirtioDeviceProvider provider : DeviceProviders.all()) {
      DeviceKind.ALL.stream()
          .filter(kind -> kind.deviceType() == provider.deviceType())
          .forEach(kind -> cards.add(new Card(kind, provider.name())));
    }
    StringBuilder script = new StringBuilder(KEYBOARD);
    StringBuilder adapter = new StringBuilder();
    for (int i = 0; i < cards.size(); i++) {
      Card card = cards.get(i);
      script.append(
          "start %1$s vhost-device-%1$s --socket=/dev/shm/%1$s.sock %2$s\n"
              .formatted(card.device(), card.options()));
      adapter.append(
          " -d %s -s /dev/shm/%s.sock -l %d".formatted(card.kind().name(), card.device(), i));
    }
    script.append(
        ("chroot $H $JAVA_HOME/bin/java -jar %s --wait%s -d vrng -l %d"
                + " >adapter.out 2>adapter.err & adapter=$!\n")
            .formatted(Daemon.DISTRIBUTION.resolve("loopback-adapter.jar"), adapter, cards.size()));
    script.append("ready adapter\n");
    for (int i = 0; i <= cards.size(); i++) {
      script.append(
          "until_so grep -q '/dev/loopback-%d.*: the driver has started the device' adapter.err\n"
              .formatted(i));
    }
    script.append(
        """
        until_so entropy
        dd if=/dev/hwrng of=random bs=1024 count=16 2>&1
        insmod ./hostbus.ko # which lets the driver of SPI let go of a controller
        echo 1 >/sys/module/hostbus/parameters/attach
        stop adapter TERM
        until_so rmmod virtio_loopback
        """);
    for (Card card : cards) {
      script.append("stop %s TERM\n".formatted(card.device()));
    }
    guest = new LoopbackGuest(directory);
    BusTools.addModule(guest.share(), LoopbackGuest.KERNEL);
    guest.run(cards.size() + 1, script.toString());
  }

  @Test
  void allOfOurDevicesAreOfAKind() throws Exception {
    assertThat(cards).hasSameSizeAs(DeviceProviders.all());
  }

  @Test
  void theDriverOfEachStartsIt() throws Exception {
    for (Card card : cards) {
      guest.assertTold(
          "adapter.err",
          "/dev/loopback-" + cards.indexOf(card),
          "/dev/shm/" + card.device() + ".sock",
          "the driver has started the device");
    }
  }

  @Test
  void entropyNeedsNoDaemon() throws Exception {
    guest.assertRandom("random");
  }

  @Test
  void allEndAsTheyAreTold() throws Exception {
    assertThat(guest.lines("ends"))
        .hasSize(cards.size() + 1)
        .allMatch(line -> line.endsWith("with 0"));
  }

  @Test
  void theKernelHasNothingToComplainOf() {
    guest.assertNoComplaint();
  }
}
