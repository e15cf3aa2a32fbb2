package io.vhost4j.device.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.VirtioDevice;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.HostileSuite;
import io.vhost4j.testkit.Returned;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Whatever a guest does to a keyboard: the next can type. */
@Tag("jdk")
@Tag("long")
class InputHostileTest {
  /** A light of code 1, on. */
  private static final byte[] LIGHT = {0x11, 0, 1, 0, 1, 0, 0, 0};

  private static VirtioDevice open() {
    ScriptedHost host = new ScriptedHost(ScriptedHost.everything(true));
    host.echoes = true;
    return new InputDevice("keys", host);
  }

  private static void works(Guest guest) throws Exception {
    LinkedBlockingQueue<Returned> events = new LinkedBlockingQueue<>();
    guest.queue(0).onReturned(events::add);
    for (int i = 0; i < 2; i++) {
      int unused = guest.queue(0).add(new byte[0], 8, 8);
    }
    guest.queue(0).kick();
    assertThat(guest.queue(1).request(LIGHT, 0).length()).isZero();
    Returned event = next(guest, events);
    while (event.word(0) != (1 << 16 | Codes.EV_KEY) || event.word(4) != 1) {
      event = next(guest, events); // what all drivers are told first
    }
    assertThat(next(guest, events).word(0)).isZero();
  }

  private static Returned next(Guest guest, LinkedBlockingQueue<Returned> events) throws Exception {
    Returned event = null;
    for (int i = 0; i < 400 && event == null; i++) {
      guest.queue(0).collect();
      event = events.poll(50, TimeUnit.MILLISECONDS);
    }
    assertThat(event).as("an event").isNotNull();
    Returned found = Objects.requireNonNull(event);
    assertThat(found.length()).isEqualTo(8);
    int unused = guest.queue(0).add(new byte[0], 8, 8);
    guest.queue(0).kick();
    return found;
  }

  @TestFactory
  Stream<DynamicNode> hostileGuestsDoNoHarm() {
    return HostileSuite.of(InputHostileTest::open, InputHostileTest::works)
        .request(0, new byte[0], 8)
        .request(1, LIGHT, 0)
        .tests();
  }
}
