package io.vhost4j.device.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to a controller: the next has his chips. */
@Tag("jdk")
@Tag("long")
class SpiHostileTest {
  private static final SpiTransferRequest BOTH = SpiTransferRequest.of("01020304", 4);
  private static final SpiTransferRequest WRITE = SpiTransferRequest.of("01020304", 0);
  private static final SpiTransferRequest READ = SpiTransferRequest.of("", 4);

  private static VirtioDevice open() throws IOException {
    SpiPort port = new SpiPort(new SimulatedSpiChip());
    return new SpiDevice("spi", List.of(port), port.abilities());
  }

  private static void works(Guest guest) throws Exception {
    assertThat(guest.queue(0).request(BOTH.readable(), 5).writable())
        .containsExactly(1, 2, 3, 4, 0);
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(SpiHostileTest::open, SpiHostileTest::works)
        .request(0, BOTH.readable(), 5)
        .request(0, WRITE.readable(), 1)
        .request(0, READ.readable(), 5)
        .tests();
  }
}
