package io.vhost4j.device.can;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to a CAN controller: the next sends and receives. */
@Tag("jdk")
@Tag("long")
class CanHostileTest {
  private static final byte[] START = {1, 2};
  private static final byte[] STOP = {2, 2};
  private static final byte[] OK = {0};
  private static final byte[] FRAME = Frames.tx("123#0102030405060708");
  private static final byte[] FD_FRAME = Frames.tx("12345678##0" + "5a".repeat(64));
  private static final int ROOM = 80;
  private static final long CLASSIC = 1;

  private static VirtioDevice open() {
    return new CanDevice("can", new EchoBus(), 0);
  }

  private static void works(Guest guest) throws Exception {
    assertThat(guest.queue(2).request(START, 1).writable()).isEqualTo(OK);
    boolean isKnown = (guest.features() & CLASSIC) != 0;
    int result = guest.queue(0).request(FRAME, 1).writable()[0];
    assertThat(result).isEqualTo(isKnown ? 0 : 1);
    if (isKnown) {
      byte[] received = guest.queue(1).request(new byte[0], FRAME.length).writable();
      assertThat(received).isEqualTo(Frames.rx("123#0102030405060708"));
    }
    assertThat(guest.queue(2).request(STOP, 1).writable()).isEqualTo(OK);
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(CanHostileTest::open, CanHostileTest::works)
        .request(2, START, 1)
        .request(0, FRAME, 1)
        .request(0, FD_FRAME, 1)
        .request(1, new byte[0], ROOM)
        .request(2, STOP, 1)
        .tests();
  }
}
