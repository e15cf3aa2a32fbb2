package io.vhost4j.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.junit5.ProvidedBy;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A driver and a device in one JVM. */
@ExtendWith(VertxExtension.class)
class InProcessGuestTest {
  private static final long BYTES = 1 << 20;

  private final EchoDevice device = new EchoDevice();
  private final List<Returned> returned = new ArrayList<>();

  private GuestQueue queue(InProcessGuest guest) {
    GuestQueue queue = guest.queue(0, 0, BYTES, 16, 65535);
    queue.onReturned(returned::add);
    return queue;
  }

  @Test
  void aBufferComesBackWithWhatTheDeviceHasWritten(@ProvidedBy(NativeVertx.class) Vertx vertx)
      throws Exception {
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      GuestQueue queue = queue(guest);
      InProcessGuest.await(queue.start());
      for (int pieces : new int[] {1, 3, 100}) {
        returned.clear();
        byte[] text = "in pieces of %d bytes".formatted(pieces).getBytes(UTF_8);
        int head = queue.add(text, text.length + 4, pieces);
        queue.kick();
        assertThat(returned).hasSize(1);
        assertThat(returned.get(0).head()).isEqualTo(head);
        assertThat(returned.get(0).length()).isEqualTo(text.length);
        assertThat(returned.get(0).writable()).startsWith(text).hasSize(text.length + 4);
      }
      assertThat(queue.notifications()).isEqualTo(3);
      assertThat(guest.broken()).isEmpty();
    }
    assertThat(device.events).endsWith("stop 0", "reset", "close");
  }

  @Test
  void aGuestThatGoesAndComesAgainIsServedAgain(@ProvidedBy(NativeVertx.class) Vertx vertx)
      throws Exception {
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      GuestQueue queue = queue(guest);
      InProcessGuest.await(queue.start());
      InProcessGuest.await(guest.disconnect());
      guest.connect();
      queue.beginAnew();
      InProcessGuest.await(queue.start());
      queue.add(new byte[1], 1, 1);
      queue.kick();
      assertThat(returned).hasSize(1);
    }
  }

  @Test
  void whatTheEngineReportsIsThere(@ProvidedBy(NativeVertx.class) Vertx vertx) throws Exception {
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      GuestQueue queue = queue(guest);
      InProcessGuest.await(queue.start());
      guest.run(() -> guest.session().configChanged());
      assertThat(guest.configChanges()).isEqualTo(1);
      device.fails = true;
      queue.kick();
      assertThat(guest.broken()).containsExactly(0);
      device.fails = false;
      InProcessGuest.await(guest.reset());
      queue.beginAnew();
      InProcessGuest.await(queue.start());
      queue.add(new byte[1], 1, 1);
      guest.truncate(GuestQueue.ringBytes(16));
      queue.kick();
      guest.run(() -> {}); // the engine disconnects in the next turn
      assertThat(guest.disconnects()).containsExactly("the frontend has truncated its memory");
    }
  }

  @Test
  void aTransportThatIsClosedHearsOfNoChange(@ProvidedBy(NativeVertx.class) Vertx vertx)
      throws Exception {
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      InProcessGuest.await(guest.disconnect());
      guest.run(() -> guest.session().configChanged());
      assertThat(guest.configChanges()).isZero();
    }
  }

  @Test
  void aDeviceThatFailsAtTheConnectionIsLeft(@ProvidedBy(NativeVertx.class) Vertx vertx)
      throws Exception {
    device.failsToConnect = true;
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      guest.run(() -> {}); // the engine disconnects in the next turn
      assertThat(guest.disconnects()).singleElement().asString().contains("meant to");
      guest.run(() -> {});
      assertThat(device.sessionsEnded).hasValue(1);
      guest.connect();
      guest.run(() -> {});
      guest.run(() -> {});
      assertThat(device.sessionsEnded).hasValue(2);
      device.failsToConnect = false;
      guest.connect();
      GuestQueue queue = queue(guest);
      InProcessGuest.await(queue.start());
      queue.add(new byte[1], 1, 1);
      queue.kick();
      assertThat(returned).hasSize(1);
    }
    assertThat(device.sessionsEnded).hasValue(3);
  }

  @Test
  void aDeviceThatIsLateToGiveUpAFrontendDoesNotDisturbTheNext(
      @ProvidedBy(NativeVertx.class) Vertx vertx) throws Exception {
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      InProcessGuest.await(guest.disconnect());
      guest.connect();
      device.sessions.get(0).fail("late");
      guest.run(() -> {});
      assertThat(guest.disconnects()).isEmpty();
      assertThat(device.sessionsEnded).hasValue(1);
    }
  }

  @Test
  void aFailureWhileAQueueStartsDoesNotKeepItFromStopping(
      @ProvidedBy(NativeVertx.class) Vertx vertx) throws Exception {
    assertStops(
        vertx,
        buffer -> {
          throw new IllegalStateException("meant to");
        });
  }

  @Test
  void anErrorWhileAQueueStartsDoesNotKeepItFromStopping(@ProvidedBy(NativeVertx.class) Vertx vertx)
      throws Exception {
    assertStops(
        vertx,
        buffer -> {
          throw new StackOverflowError("meant to");
        });
  }

  private void assertStops(Vertx vertx, Consumer<Returned> failure) throws Exception {
    try (InProcessGuest guest = InProcessGuest.create(vertx, device, BYTES)) {
      GuestQueue queue = queue(guest);
      queue.onReturned(failure);
      queue.add(new byte[1], 1, 1);
      guest.run(() -> guest.session().queues().get(0).enable());
      InProcessGuest.await(queue.start());
      InProcessGuest.await(queue.stop());
      assertThat(device.events).containsExactly("started 0", "stop 0");
      assertThat(vertx.deploymentIDs()).isEmpty();
    }
  }
}
