package io.vhost4j.device.i2c;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.HostileSuite;
import io.vhost4j.testkit.Returned;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to an adapter: the next has his chips. */
@Tag("jdk")
@Tag("long")
class I2cHostileTest {
  private static final int EEPROM = 0x50;
  private static final I2cMessage WRITE = I2cMessage.write(EEPROM, "1001020304");
  private static final I2cMessage SEEK = I2cMessage.write(EEPROM, "10");
  private static final I2cMessage READ = I2cMessage.read(EEPROM, 4);

  private static VirtioDevice open() throws IOException {
    Set<Integer> addresses = Set.of(EEPROM, 0x20);
    return new I2cDevice("i2c", List.of(new I2cPort(new SimulatedI2cBus(addresses), addresses)));
  }

  private static byte[] answer(GuestQueue queue, I2cMessage message) throws InterruptedException {
    Returned returned = queue.request(message.readable(), message.writableBytes());
    return returned.writable();
  }

  private static void works(Guest guest) throws Exception {
    GuestQueue queue = guest.queue(0);
    if ((guest.features() & I2cDevice.ZERO_LENGTH_REQUEST) == 0) {
      assertThat(answer(queue, READ)).as("I1").containsExactly(0, 0, 0, 0, 1);
      return;
    }
    assertThat(answer(queue, WRITE)).containsExactly(0);
    assertThat(answer(queue, SEEK)).containsExactly(0);
    assertThat(answer(queue, READ)).containsExactly(1, 2, 3, 4, 0);
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(I2cHostileTest::open, I2cHostileTest::works)
        .request(0, WRITE.readable(), 1)
        .request(0, SEEK.then().readable(), 1)
        .request(0, READ.readable(), 5)
        .tests();
  }
}
