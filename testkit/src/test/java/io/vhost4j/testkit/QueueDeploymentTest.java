package io.vhost4j.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.junit5.ProvidedBy;
import io.vertx.junit5.VertxExtension;
import io.vertx.junit5.VertxTestContext;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Each running queue is a verticle that Vert.x has deployed, on the event loop of its device. */
@ExtendWith(VertxExtension.class)
class QueueDeploymentTest {
  private static final long QUEUE_BYTES = 1 << 20;

  private final EchoDevice device = new EchoDevice();

  private GuestQueue started(InProcessGuest guest, int index) throws Exception {
    GuestQueue queue = guest.queue(index, index * QUEUE_BYTES, QUEUE_BYTES, 16, 0);
    InProcessGuest.await(queue.start());
    return queue;
  }

  private InProcessGuest guest(Vertx vertx) throws Exception {
    return InProcessGuest.create(vertx, device, 3 * QUEUE_BYTES);
  }

  @Test
  void aQueueIsDeployedWhileItRuns(@ProvidedBy(NativeVertx.class) Vertx vertx) throws Exception {
    try (InProcessGuest guest = guest(vertx)) {
      assertThat(vertx.deploymentIDs()).isEmpty();
      GuestQueue first = started(guest, 0);
      started(guest, 1);
      assertThat(vertx.deploymentIDs()).hasSize(2);
      assertThat(device.contexts.stream().map(Context::deploymentID))
          .containsExactlyInAnyOrderElementsOf(vertx.deploymentIDs());
      InProcessGuest.await(first.stop());
      assertThat(vertx.deploymentIDs()).hasSize(1);
      InProcessGuest.await(guest.reset());
      assertThat(vertx.deploymentIDs()).isEmpty();
    }
  }

  @Test
  void allQueuesRunOnTheLoopOfTheirDeviceInContextsOfTheirOwn(
      @ProvidedBy(NativeVertx.class) Vertx vertx) throws Exception {
    try (InProcessGuest guest = guest(vertx)) {
      for (int i = 0; i < device.queueCount(); i++) {
        started(guest, i);
      }
      Thread loop = guest.call(Thread::currentThread);
      assertThat(device.threads).hasSize(3).containsOnly(loop);
      assertThat(new HashSet<>(device.contexts)).hasSize(3);
      assertThat(device.contexts)
          .extracting(context -> ((ContextInternal) context).nettyEventLoop())
          .containsOnly(((ContextInternal) guest.session().context()).nettyEventLoop());
    }
  }

  @Test
  void whatAHandlerMakesInItsContextEndsWithTheQueue(@ProvidedBy(NativeVertx.class) Vertx vertx)
      throws Exception {
    try (InProcessGuest guest = guest(vertx)) {
      GuestQueue queue = started(guest, 0);
      InProcessGuest.await(queue.stop());
      assertThat(vertx.cancelTimer(device.timers.get(0))).as("still there").isFalse();
    }
  }

  @Test
  void whoUndeploysAQueueWaitsForItsBuffers(
      @ProvidedBy(NativeVertx.class) Vertx vertx, VertxTestContext test) throws Exception {
    device.holds = true;
    InProcessGuest guest = guest(vertx);
    GuestQueue queue = started(guest, 0);
    queue.add(new byte[8], 8, 8);
    queue.kick();
    String id = vertx.deploymentIDs().iterator().next();
    vertx
        .undeploy(id)
        .onComplete(
            test.succeeding(
                undeployed ->
                    test.verify(
                        () -> {
                          assertThat(device.events).containsExactly("started 0", "released");
                          assertThat(queue.inFlight()).isZero();
                        })))
        .eventually(guest::end)
        .onComplete(test.succeedingThenComplete());
    device.stopping().onComplete(v -> guest.session().context().runOnContext(w -> release()));
  }

  private void release() {
    device.events.remove("stop 0");
    device.events.add("released");
    device.release();
  }

  @Test
  void whenVertxClosesQueuesAreStopped(VertxTestContext test) throws Exception {
    Vertx vertx = new NativeVertx().get();
    InProcessGuest guest = guest(vertx);
    started(guest, 0);
    vertx
        .close()
        .onComplete(
            test.succeeding(
                closed ->
                    test.verify(
                        () -> {
                          assertThat(device.events).containsExactly("started 0", "stop 0");
                          test.completeNow();
                        })));
  }
}
