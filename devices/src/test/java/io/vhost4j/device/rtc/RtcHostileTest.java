package io.vhost4j.device.rtc;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.HostileSuite;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to a clock: the next can read it, and has an alarm. */
@Tag("jdk")
@Tag("long")
class RtcHostileTest {
  private static VirtioDevice open() {
    return new RtcDevice("clock", List.of(HostClock.values()), true);
  }

  private static byte[] request(long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }

  private static byte[] alarm(int clock) {
    return request(0x1004, 1, clock | 1 << 16);
  }

  private static void works(Guest guest) throws Exception {
    assertThat(guest.queue(0).request(request(1, 0), 16).length()).isEqualTo(16);
    if ((guest.features() & 1) == 0) {
      return;
    }
    GuestQueue alarms = guest.queue(1);
    LinkedBlockingQueue<Returned> notes = new LinkedBlockingQueue<>();
    alarms.onReturned(notes::add);
    alarms.add(new byte[0], 16, 16);
    alarms.kick();
    assertThat(guest.queue(0).request(alarm(2), 8).writable()[0]).isZero();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (notes.isEmpty() && System.nanoTime() < end) {
      alarms.collect();
      Thread.sleep(1);
    }
    assertThat(notes).hasSize(1);
    assertThat(guest.queue(0).request(request(0x1005, 2), 8).writable()[0]).isZero();
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(RtcHostileTest::open, RtcHostileTest::works)
        .request(0, request(1, 1), 16)
        .request(0, request(2, 0), 24)
        .request(0, request(0x1000), 16)
        .request(0, request(0x1001, 3), 16)
        .request(0, request(0x1002, 0), 16)
        .request(0, request(0x1003, 0), 24)
        .request(0, alarm(0), 8)
        .request(0, request(0x1005, 1 | 1 << 16), 8)
        .request(1, new byte[0], 16)
        .tests();
  }
}
