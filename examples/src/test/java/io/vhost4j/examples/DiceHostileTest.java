package io.vhost4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** What the author of a device does to have it attacked: name a request, and say what works. */
@Tag("long")
class DiceHostileTest {
  private static VirtioDevice open() throws Exception {
    return new DiceProvider().open(new DeviceOptions("dice", Map.of("sides", "6"))).device();
  }

  private static void works(Guest guest) throws Exception {
    for (byte thrown : guest.queue(0).request(new byte[0], 64).writable()) {
      assertThat(thrown).isBetween((byte) 1, (byte) 6);
    }
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(DiceHostileTest::open, DiceHostileTest::works)
        .request(0, new byte[0], 64)
        .tests();
  }
}
