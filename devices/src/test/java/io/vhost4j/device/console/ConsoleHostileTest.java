package io.vhost4j.device.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.console.ControlMessages.SizeOrder;
import io.vhost4j.event.ListeningSocket;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to its consoles: the next one has them. */
@Tag("jdk")
@Tag("long")
class ConsoleHostileTest {
  private static VirtioDevice open() throws Exception {
    HostEnd network = new ListeningEnd(ListeningSocket.onLoopback(0));
    PortConfig console = new PortConfig("", true, "pty", 4096, 10);
    PortConfig serial = new PortConfig("serial", false, "network", 4096, 10);
    return new ConsoleDevice(
        "console",
        1024,
        List.of(
            new ConsolePort(0, console, PtyEnd.open(null)), new ConsolePort(1, serial, network)),
        SizeOrder.COLUMNS_FIRST);
  }

  /** A driver begins, and writes. */
  private static void works(Guest guest) throws Exception {
    for (int port : new int[] {-1, 0, 1}) {
      int event = port < 0 ? ControlMessage.DEVICE_READY : ControlMessage.PORT_READY;
      byte[] message = ConsoleDriver.message(port, event, 1);
      assertThat(guest.queue(3).request(message, 0).length()).isZero();
    }
    assertThat(guest.queue(1).request(new byte[100], 0).length()).isZero();
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    HostileSuite suite = HostileSuite.of(ConsoleHostileTest::open, ConsoleHostileTest::works);
    int[] events = {
      ControlMessage.DEVICE_READY, ControlMessage.PORT_READY, ControlMessage.PORT_OPEN
    };
    for (int event : events) {
      suite.request(3, ConsoleDriver.message(0, event, 1), 0);
    }
    return suite
        .request(2, new byte[0], 512)
        .request(1, new byte[100], 0)
        .request(5, new byte[5000], 0)
        .request(0, new byte[0], 4096)
        .tests();
  }
}
