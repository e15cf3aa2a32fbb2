package io.vhost4j.device.spi;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the device stands on: chips of the host, as far as a machine without any has them. */
class SpiProviderTest {
  private static OpenDevice open(String chips) throws DeviceException {
    return new SpiDeviceProvider().open(new DeviceOptions("spi", Map.of("chips", chips)));
  }

  @Test
  void aSimulatedChipGivesBackWhatIsWritten() throws Exception {
    Vertx vertx = NativeTransport.vertx(new VertxOptions());
    OpenDevice opened = open("sim,sim");
    assertThat(opened.description())
        .isEqualTo("a simulated chip, a simulated chip; up to 50000000 Hz");
    try (InProcessGuest guest = InProcessGuest.create(vertx, opened.device(), 1 << 20)) {
      GuestQueue queue = guest.queue(0, 0, 1 << 20, 4, 0);
      Guest.await(queue.start());
      SpiTransferRequest both = SpiTransferRequest.of("0102", 2).with(0, 1).withWord(8, 31);
      assertThat(queue.request(both.readable(), 3).writable()).containsExactly(1, 2, 0);
      SpiTransferRequest read = SpiTransferRequest.of("", 2);
      assertThat(queue.request(read.readable(), 3).writable()).containsExactly(0, 0, 0);
      SpiTransferRequest three = SpiTransferRequest.of("010203", 0).with(1, 24);
      assertThat(queue.request(three.readable(), 1).writable())
          .as("P6: words of 24 bits have 4 bytes")
          .containsExactly(1);
      SpiTransferRequest four = SpiTransferRequest.of("01020304", 0).with(1, 24);
      assertThat(queue.request(four.readable(), 1).writable()).containsExactly(0);
    } finally {
      Guest.await(vertx.close());
    }
  }

  @Test
  void aChipThatIsNotThereIsToldInOneLine() {
    assertThatThrownBy(() -> open("sim,/dev/spidev47.11"))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "/dev/spidev47.11 is not there: load the module spidev and bind it to the chip;"
                + " 'ls /dev/spidev*' shows those there are");
  }

  @Test
  void aFileThatIsNoChipIsToldInOneLine(@TempDir Path directory) throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> open(file.toString()))
        .isInstanceOf(DeviceException.class)
        .message()
        .startsWith(file + " is no spidev: ");
  }
}
