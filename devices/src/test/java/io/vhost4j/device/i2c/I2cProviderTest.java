package io.vhost4j.device.i2c;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the device stands on: buses of the host, as far as a machine without any has them. */
class I2cProviderTest {
  @TempDir Path directory;

  private static byte[] answer(GuestQueue queue, I2cMessage message) throws InterruptedException {
    return queue.request(message.readable(), message.writableBytes()).writable();
  }

  @Test
  void aSimulatedBusHasAnEepromAndRegisters() throws Exception {
    Vertx vertx = NativeTransport.vertx(new VertxOptions());
    OpenDevice opened =
        new I2cDeviceProvider()
            .open(new DeviceOptions("i2c", Map.of("device-list", "sim:0x50:32")));
    assertThat(opened.description()).isEqualTo("chips of a simulated bus");
    try (InProcessGuest guest = InProcessGuest.create(vertx, opened.device(), 1 << 20)) {
      GuestQueue queue = guest.queue(0, 0, 1 << 20, 4, 0);
      Guest.await(queue.start());
      assertThat(answer(queue, I2cMessage.read(0x50, 2))).containsExactly(-1, -1, 0);
      assertThat(answer(queue, I2cMessage.read(0x20, 2))).containsExactly(0, 0, 0);
      assertThat(answer(queue, I2cMessage.write(0x50, "1e010203"))).containsExactly(0);
      assertThat(answer(queue, I2cMessage.write(0x50, "10"))).containsExactly(0);
      assertThat(answer(queue, I2cMessage.read(0x50, 1)))
          .as("what goes over the end of a page goes to its start")
          .containsExactly(3, 0);
      assertThat(answer(queue, I2cMessage.write(0x50, "1e"))).containsExactly(0);
      assertThat(answer(queue, I2cMessage.read(0x50, 3))).containsExactly(1, 2, -1, 0);
      assertThat(answer(queue, I2cMessage.write(0x20, "ff0102"))).containsExactly(0);
      assertThat(answer(queue, I2cMessage.write(0x20, "ff"))).containsExactly(0);
      assertThat(answer(queue, I2cMessage.read(0x20, 3))).containsExactly(1, 2, 0, 0);
      assertThat(answer(queue, I2cMessage.write(0x21, ""))).containsExactly(1);
    } finally {
      Guest.await(vertx.close());
    }
  }

  @Test
  void aBusThatIsNotThereIsToldInOneLine() {
    assertThatThrownBy(
            () ->
                new I2cDeviceProvider()
                    .open(new DeviceOptions("i2c", Map.of("device-list", "sim:80,4711:32"))))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "/dev/i2c-4711 is not there: load the module i2c-dev, and look at 'i2cdetect -l'");
  }

  private I2cAdapters adapters(String... names) throws IOException {
    for (int i = 0; i < names.length; i++) {
      Path adapter = Files.createDirectory(directory.resolve("i2c-" + i));
      Files.writeString(adapter.resolve("name"), names[i] + "\n");
    }
    return new I2cAdapters(Path.of("/nodes"), directory);
  }

  @Test
  void aBusIsFoundByItsName() throws Exception {
    I2cAdapters adapters = adapters("SMBus stub driver", "NVIDIA i2c adapter 1 at 1:00.0");
    assertThat(adapters.node("NVIDIA i2c adapter 1 at 1:00.0")).isEqualTo(Path.of("/nodes/i2c-1"));
    assertThat(adapters.node("7")).isEqualTo(Path.of("/nodes/i2c-7"));
  }

  @Test
  void aNameThatNoneOrSeveralHaveIsToldInOneLine() throws Exception {
    I2cAdapters adapters = adapters("one", "two", "two");
    assertThatThrownBy(() -> adapters.node("three"))
        .isInstanceOf(IOException.class)
        .message()
        .startsWith("there is no I2C adapter 'three': the host has ")
        .contains("one", "two");
    assertThatThrownBy(() -> adapters.node("two"))
        .hasMessage(
            "there are 2 I2C adapters 'two': give the number of one, as 'i2cdetect -l' shows it");
    assertThatThrownBy(
            () -> new I2cAdapters(Path.of("/dev"), directory.resolve("nothing")).node("x"))
        .hasMessage("there is no I2C adapter 'x': the host has none");
  }

  @Test
  void aNodeThatIsNoAdapterIsToldInOneLine() throws Exception {
    I2cAdapters adapters = new I2cAdapters(directory, directory);
    Path file = Files.createFile(directory.resolve("i2c-5"));
    assertThatThrownBy(() -> new HostI2cBus("5", adapters))
        .isInstanceOf(IOException.class)
        .message()
        .startsWith(file + " is no I2C adapter: ");
  }

  @Test
  void aNumberThatAnotherAdapterHasGotIsNotUsedForAName() throws Exception {
    I2cAdapters adapters = new I2cAdapters(directory, directory.resolve("names"));
    Path node = Files.createFile(directory.resolve("i2c-5"));
    Path name = Files.createDirectories(directory.resolve("names/i2c-5")).resolve("name");
    Files.writeString(name, "one\n");
    adapters.open("one", node).close();
    Files.writeString(name, "two\n");
    assertThatThrownBy(() -> adapters.open("one", node))
        .hasMessage(node + " is another adapter now: plug 'one' in again");
    adapters.open("5", node).close();
  }

  @Test
  void namesOfBusesMayHaveColons() throws Exception {
    assertThat(I2cDeviceList.parse("NVIDIA i2c adapter 1 at 1:00.0:80:0x21, 6:099"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("NVIDIA i2c adapter 1 at 1:00.0", Set.of(80, 0x21), "6", Set.of(99)));
  }
}
