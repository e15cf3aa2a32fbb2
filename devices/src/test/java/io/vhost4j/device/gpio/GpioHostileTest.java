package io.vhost4j.device.gpio;

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

/** Whatever a guest does to GPIO lines: the next gets their levels, names and interrupts. */
@Tag("jdk")
@Tag("long")
class GpioHostileTest {
  private static VirtioDevice open() throws IOException {
    return new GpioDevice("gpio", new GpioPort(new SimulatedChip(List.of("a", "b", "", "d"))));
  }

  private static void works(Guest guest) throws Exception {
    assertThat(guest.queue(0).request(GpioMessages.request(1, 0, 0), 8).writable())
        .containsExactly(0, 'a', 0, 'b', 0, 0, 'd', 0);
    assertThat(guest.queue(0).request(GpioMessages.request(3, 1, 2), 2).writable())
        .containsExactly(0, 0);
    boolean hasInterrupts = (guest.features() & 1) != 0;
    assertThat(guest.queue(0).request(GpioMessages.request(6, 1, 8), 2).writable())
        .containsExactly(hasInterrupts ? 0 : 1, 0);
    if (!hasInterrupts) {
      return;
    }
    assertThat(guest.queue(1).request(GpioMessages.line(1), 1).writable()).containsExactly(1);
    assertThat(guest.queue(0).request(GpioMessages.request(6, 1, 0), 2).writable())
        .containsExactly(0, 0);
    assertThat(guest.queue(0).request(GpioMessages.request(3, 1, 0), 2).writable())
        .containsExactly(0, 0);
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    HostileSuite suite = HostileSuite.of(GpioHostileTest::open, GpioHostileTest::works);
    for (int type = 2; type <= 6; type++) {
      suite.request(0, GpioMessages.request(type, 2, 1), 2);
    }
    return suite
        .request(0, GpioMessages.request(1, 0, 0), 8)
        .request(1, GpioMessages.line(2), 1)
        .tests();
  }
}
