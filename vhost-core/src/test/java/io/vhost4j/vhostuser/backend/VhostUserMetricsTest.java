package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class VhostUserMetricsTest {
  @RegisterExtension final Backend backend = new Backend();

  private final MeterRegistry registry = new SimpleMeterRegistry();

  private double queue(String what, int index) {
    return registry
        .get("vhost.queue." + what)
        .tags("device", "card0", "queue", String.valueOf(index))
        .functionCounter()
        .count();
  }

  private double connected() {
    return registry.get("vhost.connected").tag("device", "card0").gauge().value();
  }

  private double connections() {
    return registry.get("vhost.connections").tag("device", "card0").functionCounter().count();
  }

  @Test
  void metersTellWhatHasHappened() throws Exception {
    TestDevice device = new TestDevice("copy", 2, TestDevice.Manner.AT_ONCE);
    Path path = backend.serve(device);
    new VhostUserMetrics(backend.lastServer(), "card0").bindTo(registry);
    assertThat(connections()).isZero();
    assertThat(connected()).isZero();

    try (Guest guest = Guest.running(path, 2)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.sync();
      for (int i = 0; i < 3; i++) {
        queue.driver.enableNotifications();
        guest.play(queue);
        backend.settle(); // so that each has a kick, a turn and a call of its own
      }
      assertThat(connections()).isEqualTo(1);
      assertThat(connected()).isEqualTo(1);
      assertThat(queue("buffers", 0)).isEqualTo(3);
      assertThat(queue("notifications", 0)).isEqualTo(3);
      assertThat(queue("turns", 0)).as("3 kicks and the look when it was enabled").isEqualTo(4);
      assertThat(queue("buffers", 1)).isZero();
      assertThat(queue("turns", 1)).isEqualTo(1);
      assertThat(queue("errors", 0)).isZero();

      new RawRing(guest, queue).index(1000);
      queue.kick.signal();
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      assertThat(queue("errors", 0)).isEqualTo(1);
      assertThat(queue("errors", 1)).isZero();
    }
    Await.until("disconnected", () -> connected() == 0);
    backend.assertServes(path, 2);
    assertThat(connections()).isEqualTo(2);
    assertThat(queue("buffers", 0)).as("over all connections").isEqualTo(5);
    assertThat(queue("buffers", 1)).isEqualTo(2);
  }

  @Test
  void aNotificationCountsWhenItIsSent() throws Exception {
    Path path = backend.serve(new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE));
    new VhostUserMetrics(backend.lastServer(), "card0").bindTo(registry);
    try (Guest guest = new Guest(path)) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      guest.shareMemory();
      Guest.Queue queue = guest.addQueue(0);
      guest.setUp(queue, 0);
      guest.submit(queue, "used before there is a call descriptor");
      guest.kick(queue, queue.kick);
      guest.enable(queue, 1);
      Await.until("a buffer used", () -> queue("buffers", 0) == 1);
      backend.settle();
      assertThat(queue("notifications", 0)).isZero();
      guest.call(queue, queue.call);
      assertThat(queue.call.await(Await.SECONDS * 1000)).as("it comes now").isTrue();
      guest.sync();
      guest.awaitUsed(queue);
      assertThat(queue("notifications", 0)).isEqualTo(1);
      guest.call(queue, queue.call);
      guest.sync();
      assertThat(queue("notifications", 0)).as("told once").isEqualTo(1);
    }
  }
}
