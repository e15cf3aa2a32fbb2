package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The frontend goes away, or takes its memory away, in the middle of everything (E11): the virtual
 * machine survives, nothing stays mapped, the next frontend is served.
 */
@Tag("jdk")
class VanishingFrontendTest {
  /** Enough for the compilers to have been at work: compiled code faults in another way. */
  private static final int BATCHES = 3000;

  private static final int BATCH = 8;

  @RegisterExtension final Backend backend = new Backend();

  /** Large buffers, the same memory for all. */
  private static void submitBatch(Guest.Queue queue) {
    for (int i = 0; i < BATCH; i++) {
      queue.driver.add(
          new long[] {Guest.BASE + Guest.DATA, Guest.BASE + Guest.DATA + 0x10000},
          new int[] {4096, 4096},
          1,
          1);
    }
    queue.driver.publish();
  }

  private static void takeBatch(Guest guest, Guest.Queue queue) throws Exception {
    for (int i = 0; i < BATCH; i++) {
      guest.awaitUsed(queue);
    }
  }

  private Path serveWithNeighbour(TestDevice device) throws Exception {
    backend.serve(new TestDevice("neighbour", 1, TestDevice.Manner.AT_ONCE));
    return backend.serve(device);
  }

  @ParameterizedTest
  @EnumSource(
      value = TestDevice.Manner.class,
      names = {"AT_ONCE", "WORKER"})
  void aFrontendVanishesInMidStream(TestDevice.Manner manner) throws Exception {
    TestDevice device = new TestDevice("copy", 2, manner);
    Path path = backend.serve(device);
    for (int i = 0; i < 30; i++) {
      try (Guest guest = Guest.running(path, 2)) {
        for (int j = 0; j < i; j++) {
          guest.play(guest.queues.get(j % 2));
        }
        submitBatch(guest.queues.get(0));
        submitBatch(guest.queues.get(1));
        guest.announce(guest.queues.get(0));
        guest.announce(guest.queues.get(1));
        if (i % 3 == 0) {
          guest.frontend.tell(FrontendMessage.GET_VRING_BASE, Guest.state(guest.queues.get(0), 0));
        }
      }
    }
    backend.assertServes(path, 2);
    assertThat(backend.logs().stackTraces()).isEmpty();
  }

  @Test
  void memoryStaysMappedUntilTheDeviceHasReturnedItsBuffers() throws Exception {
    TestDevice holder = new TestDevice("holder", 1, TestDevice.Manner.HOLD);
    Path path = backend.serve(holder);
    try (Guest guest = Guest.running(path, 1)) {
      submitBatch(guest.queues.get(0));
      guest.announce(guest.queues.get(0));
      Await.until("buffers held", () -> holder.held() == BATCH);
    }
    Await.until("stop reached the device", () -> holder.events.contains("stop 0"));
    backend.settle();
    assertThat(Resources.held().memoryMappings()).isEqualTo(1);
    backend.onLoop(holder::release);
    Await.until("unmapped", () -> Resources.held().memoryMappings() == 0);
    assertThat(holder.events).endsWith("stop 0", "reset", "disconnected");
  }

  /** What is cut off: everything, or the data, so that the rings still work. */
  @ParameterizedTest
  @ValueSource(ints = {0, Guest.DATA})
  void memoryIsTruncatedUnderTheEventLoop(int length) throws Exception {
    truncate(new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE), length);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, Guest.DATA})
  void memoryIsTruncatedUnderAWorker(int length) throws Exception {
    truncate(new TestDevice("worker", 1, TestDevice.Manner.WORKER), length);
  }

  private void truncate(TestDevice device, int length) throws Exception {
    Path path = serveWithNeighbour(device);
    try (Guest neighbour = Guest.running(backend.path("neighbour"), 1);
        Guest guest = Guest.running(path, 1)) {
      Guest.Queue queue = guest.queues.get(0);
      for (int i = 0; i < BATCHES; i++) {
        submitBatch(queue);
        guest.announce(queue);
        takeBatch(guest, queue);
      }
      submitBatch(queue);
      MemoryCalls.truncate(guest.file.number(), length);
      queue.kick.signal();
      assertThat(guest.frontend.isHungUpOn()).isTrue();
      neighbour.play(neighbour.queues.get(0));
    }
    backend.assertServes(path, 1);
    assertThat(backend.logs().complaints())
        .singleElement()
        .asString()
        .containsAnyOf("truncated its memory", "no memory under a worker's hands");
    assertThat(backend.logs().stackTraces()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void memoryIsTruncatedWhileTheDeviceHoldsBuffersAndItReturnsThem(boolean untouched)
      throws Exception {
    TestDevice holder = new TestDevice("holder", 1, TestDevice.Manner.HOLD);
    Path path = backend.serve(holder);
    try (Guest guest = Guest.running(path, 1)) {
      submitBatch(guest.queues.get(0));
      guest.announce(guest.queues.get(0));
      Await.until("buffers held", () -> holder.held() == BATCH);
      MemoryCalls.truncate(guest.file.number(), 0);
      // In a callback of the device's own, where only its context catches what is thrown.
      holder
          .context()
          .context()
          .runOnContext(
              v -> {
                if (untouched) {
                  holder.giveUp();
                } else {
                  holder.release();
                }
              });
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    }
    backend.onLoop(holder::giveUp);
    Await.until("disconnected", () -> holder.events.contains("disconnected"));
    assertThat(backend.logs().complaints())
        .singleElement()
        .asString()
        .contains("truncated its memory");
    assertThat(backend.logs().stackTraces()).isEmpty();
  }

  @Test
  void memoryIsTruncatedBetweenItsTableAndTheStartOfARing() throws Exception {
    Path path = backend.serve(new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE));
    try (Guest guest = new Guest(path)) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      guest.shareMemory();
      Guest.Queue queue = guest.addQueue(0);
      guest.setUp(queue, 0);
      guest.sync();
      MemoryCalls.truncate(guest.file.number(), 0);
      guest.kick(queue, queue.kick);
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    }
    backend.assertServes(path, 1);
    assertThat(backend.logs().complaints()).singleElement().asString().contains("truncated");
    assertThat(backend.logs().stackTraces()).isEmpty();
  }
}
