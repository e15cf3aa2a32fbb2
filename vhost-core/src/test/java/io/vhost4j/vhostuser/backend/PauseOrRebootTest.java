package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.virtqueue.DriverQueue;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * All rings are stopped and started again. QEMU does so for a pause and for a reboot, and says
 * nothing else about which it is: a paused driver goes on where its rings stopped, a new one begins
 * at index 0 (C6, C18).
 */
class PauseOrRebootTest {
  private static final long WITH_STATUS = Guest.PROTOCOL | ProtocolFeature.STATUS.mask();
  private static final int QUEUES = 3;

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", QUEUES, TestDevice.Manner.AT_ONCE);

  /** How a frontend starts its rings. */
  enum Manner {
    /** QEMU: all rings are started, then all are enabled. */
    ENABLES_LAST,
    /** Each ring is served before the next one is started. */
    ONE_BY_ONE
  }

  static Stream<Arguments> ordersAndManners() {
    List<List<Integer>> orders =
        List.of(
            List.of(0, 1, 2),
            List.of(0, 2, 1),
            List.of(1, 0, 2),
            List.of(1, 2, 0),
            List.of(2, 0, 1),
            List.of(2, 1, 0));
    return orders.stream()
        .flatMap(order -> Stream.of(Manner.values()).map(manner -> Arguments.of(order, manner)));
  }

  /** A guest whose queues have been started at these indices. */
  private Guest guest(int... bases) throws Exception {
    return guest(device, bases);
  }

  private Guest guest(TestDevice served, int... bases) throws Exception {
    Guest guest = new Guest(backend.serve(served));
    guest.negotiate(Guest.FEATURES, WITH_STATUS);
    guest.shareMemory();
    for (int base : bases) {
      guest.start(guest.addQueue(base), true);
    }
    return guest;
  }

  private static void play(Guest guest, int queue, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      guest.play(guest.queues.get(queue));
    }
  }

  /** Stops all rings in QEMU's way; returns where they stopped. */
  private static List<Integer> stopAll(Guest guest) throws Exception {
    List<Integer> bases = new ArrayList<>();
    for (Guest.Queue queue : guest.queues) {
      guest.enable(queue, 0);
    }
    for (Guest.Queue queue : guest.queues) {
      bases.add(guest.stop(queue));
    }
    guest.status(0);
    return bases;
  }

  private static void startAll(Guest guest, List<Integer> bases, List<Integer> order, Manner manner)
      throws Exception {
    guest.frontend.tell(FrontendMessage.SET_FEATURES, Payload.u64(Guest.FEATURES));
    guest.shareMemory();
    for (int index : order) {
      guest.start(guest.queues.get(index), bases.get(index), manner == Manner.ONE_BY_ONE);
      if (manner == Manner.ONE_BY_ONE) {
        guest.play(guest.queues.get(index));
      }
    }
    if (manner == Manner.ENABLES_LAST) {
      for (Guest.Queue queue : guest.queues) {
        guest.enable(queue, 1);
      }
    }
  }

  private static void playAll(Guest guest) throws Exception {
    for (int i = 0; i < guest.queues.size(); i++) {
      play(guest, i, 2 * Guest.RING_SIZE);
    }
  }

  private int resets() {
    return Collections.frequency(device.events, "reset");
  }

  private static final List<Integer> ZEROS = Collections.nCopies(QUEUES, 0);

  @ParameterizedTest
  @MethodSource("ordersAndManners")
  void aPausedGuestWithAQueueNeverUsedFindsTheDeviceAsItWas(List<Integer> order, Manner manner)
      throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      play(guest, 1, 3);
      play(guest, 2, 5);
      for (int pause = 0; pause < 2; pause++) {
        List<Integer> bases = stopAll(guest);
        startAll(guest, bases, order, manner);
        playAll(guest);
        assertThat(resets()).isZero();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("ordersAndManners")
  void aRebootedGuestWithAQueueNeverUsedFindsAResetDevice(List<Integer> order, Manner manner)
      throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      play(guest, 1, 3);
      play(guest, 2, 5);
      for (int reboot = 1; reboot <= 2; reboot++) {
        stopAll(guest);
        guest.queues.forEach(guest::reboot);
        startAll(guest, ZEROS, order, manner);
        playAll(guest);
        assertThat(resets()).isEqualTo(reboot);
        for (int i = 0; i < QUEUES; i++) {
          assertThat(device.events.lastIndexOf("started " + i))
              .as("the handler of queue %d is told after the reset", i)
              .isGreaterThan(device.events.lastIndexOf("reset"));
        }
      }
    }
  }

  /** User-mode Linux, when another driver is bound to the device. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ringsThatAreDisabledAndSetUpAnewWithoutBeingStoppedAreThoseOfANewDriver(boolean together)
      throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      for (int round = 1; round <= 3; round++) {
        play(guest, 0, 1);
        play(guest, 1, 3);
        play(guest, 2, 5);
        for (Guest.Queue queue : guest.queues) {
          guest.enable(queue, 0);
        }
        guest.queues.forEach(guest::reboot);
        for (Guest.Queue queue : guest.queues) {
          guest.call(queue, queue.call);
          guest.setUp(queue, 0);
          if (!together) {
            begin(guest, queue);
          }
        }
        if (together) {
          for (Guest.Queue queue : guest.queues) {
            begin(guest, queue);
          }
        }
        playAll(guest);
        assertThat(resets()).isEqualTo(round);
      }
    }
  }

  private static void begin(Guest guest, Guest.Queue queue) throws Exception {
    guest.kick(queue, queue.kick);
    guest.enable(queue, 1);
  }

  /** Its memory may have another use by then. */
  @Test
  void nothingIsWrittenIntoTheRingOfADriverThatIsGone() throws Exception {
    TestDevice holder = new TestDevice("holder", 1, TestDevice.Manner.HOLD);
    holder.putsBack = 1;
    try (Guest guest = new Guest(backend.serve(holder))) {
      guest.negotiate(Guest.FEATURES, WITH_STATUS);
      guest.shareMemory();
      Guest.Queue queue = guest.startQueue();
      guest.submit(queue, "held");
      queue.kick.signal();
      Await.until("a buffer held", () -> holder.held() == 1);
      guest.enable(queue, 0);
      guest.sync();
      assertThat(holder.held()).isZero();
      ByteBuffer before = everything(guest);
      backend.onLoop(holder::release);
      guest.setUp(queue, 0);
      guest.sync();
      backend.settle();
      assertThat(everything(guest)).isEqualTo(before);
    }
  }

  private static ByteBuffer everything(Guest guest) {
    ByteBuffer bytes = ByteBuffer.allocate(Guest.MEMORY_SIZE);
    guest.memory.read(Guest.BASE, bytes);
    return bytes.clear();
  }

  @ParameterizedTest
  @MethodSource("ordersAndManners")
  void aRingThatRestsAtAWholeTurnOfItsIndexIsNotTakenForANewOne(List<Integer> order, Manner manner)
      throws Exception {
    try (Guest guest = guest(65530, 0, 65530)) {
      play(guest, 0, 6);
      play(guest, 1, 3);
      play(guest, 2, 6);
      List<Integer> bases = stopAll(guest);
      assertThat(bases).containsExactly(0, 3, 0);
      startAll(guest, bases, order, manner);
      playAll(guest);
      assertThat(resets()).as("after a pause").isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("ordersAndManners")
  void aRebootIsSeenFromTheOtherRingsIfOneRestsAtAWholeTurn(List<Integer> order, Manner manner)
      throws Exception {
    try (Guest guest = guest(65530, 0, 65530)) {
      play(guest, 0, 6);
      play(guest, 1, 3);
      play(guest, 2, 6);
      stopAll(guest);
      guest.queues.forEach(guest::reboot);
      startAll(guest, ZEROS, order, manner);
      playAll(guest);
      assertThat(resets()).as("after a reboot").isEqualTo(1);
    }
  }

  @ParameterizedTest
  @MethodSource("ordersAndManners")
  void ringsThatAllRestAtZeroGoOn(List<Integer> order, Manner manner) throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      List<Integer> bases = stopAll(guest);
      assertThat(bases).isEqualTo(ZEROS);
      startAll(guest, bases, order, manner);
      playAll(guest);
      assertThat(resets()).isZero();
    }
  }

  @Test
  void ringsThatAllRestAtZeroAndLieElsewhereAreThoseOfANewDriver() throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      stopAll(guest);
      Guest.Queue moved = guest.queues.get(1);
      moved.driver =
          DriverQueue.create(
              guest.memory,
              Guest.BASE + (long) Guest.RING_BYTES * QUEUES,
              Guest.RING_SIZE,
              4,
              Guest.FEATURES,
              0);
      startAll(guest, ZEROS, List.of(0, 1, 2), Manner.ENABLES_LAST);
      playAll(guest);
      assertThat(resets()).isEqualTo(1);
    }
  }

  @Test
  void ringsThatAllRestAtZeroWithOtherFeaturesAreThoseOfANewDriver() throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      stopAll(guest);
      guest.frontend.tell(
          FrontendMessage.SET_FEATURES, Payload.u64(Guest.FEATURES | TestDevice.FEATURE));
      for (Guest.Queue queue : guest.queues) {
        guest.start(queue, 0, true);
      }
      playAll(guest);
      assertThat(resets()).isEqualTo(1);
    }
  }

  @Test
  void aRingThatIsStartedAnewBesideOthersThatRunIsNoNewDriver() throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      for (int i = 0; i < QUEUES; i++) {
        play(guest, i, 2);
      }
      Guest.Queue queue = guest.queues.get(1);
      guest.stop(queue);
      guest.reboot(queue);
      guest.start(queue, 0, true);
      playAll(guest);
      // Also if one has stayed away since a pause.
      List<Integer> bases = stopAll(guest);
      guest.start(guest.queues.get(0), bases.get(0), true);
      guest.start(guest.queues.get(2), bases.get(2), true);
      guest.reboot(queue);
      guest.start(queue, 0, true);
      playAll(guest);
      assertThat(resets()).isZero();
    }
  }

  @Test
  void aBufferThatANewDriverAddsBeforeItIsRecognizedIsServedOnce() throws Exception {
    TestDevice holder = new TestDevice("holder", 2, TestDevice.Manner.HOLD);
    try (Guest guest = guest(holder, 0, 0)) {
      Guest.Queue unused = guest.queues.get(0);
      Guest.Queue used = guest.queues.get(1);
      guest.submit(used, "before");
      guest.announce(used);
      Await.until("a buffer held", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      guest.awaitUsed(used);
      holder.putsBack = 1;
      assertThat(stopAll(guest)).containsExactly(0, 1);
      guest.queues.forEach(guest::reboot);

      guest.start(unused, 0, true);
      int head = guest.submit(unused, "early");
      unused.kick.signal();
      Await.until("the early buffer held", () -> holder.held() == 1);
      guest.start(used, 0, true);
      guest.sync();
      assertThat(holder.events).endsWith("started 0", "stop 0", "reset", "started 0", "started 1");
      Await.until("the early buffer held again", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      assertThat(guest.awaitUsed(unused)).isEqualTo(head);
      assertThat(unused.driver.poll()).isEqualTo(-1);
    }
  }

  @Test
  void whereARingStoppedBeforeTheLastResetSaysNothing() throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      play(guest, 0, 2);
      play(guest, 1, 3);
      stopAll(guest);
      guest.queues.forEach(guest::reboot);
      Guest.Queue second = guest.queues.get(1);
      guest.start(second, 0, true);
      play(guest, 1, 2);
      assertThat(resets()).as("after a reboot").isEqualTo(1);
      int base = guest.stop(second);
      guest.start(guest.queues.get(0), 0, true); // for the first time
      guest.start(second, base, true);
      play(guest, 0, 1);
      play(guest, 1, 1);
      assertThat(resets()).as("after a pause").isEqualTo(1);
    }
  }

  @Test
  void noRingRunsBeforeTheDeviceIsResetForANewDriver() throws Exception {
    Promise<Void> reset = Promise.promise();
    try (Guest guest = guest(0, 0, 0)) {
      play(guest, 1, 1);
      stopAll(guest);
      guest.queues.forEach(guest::reboot);
      device.resets = reset::future;
      Guest.Queue first = guest.queues.get(0);
      guest.start(first, 0, true);
      guest.start(guest.queues.get(1), 0, true); // the new driver is recognized
      Await.until("reset asked for", () -> resets() == 1);
      guest.submit(first, "too early");
      first.kick.signal();
      backend.settle();
      assertThat(device.events).endsWith("reset");
      device.resets = Future::succeededFuture;
      backend.onLoop(() -> reset.complete());
      guest.awaitUsed(first);
      assertThat(resets()).isEqualTo(1);
    }
  }

  @Test
  void aCallThatIsStillToBeMadeIsNotForgottenWhenARebootIsSeen() throws Exception {
    try (Guest guest = guest(0, 0, 0)) {
      play(guest, 1, 1);
      stopAll(guest);
      guest.queues.forEach(guest::reboot);
      Guest.Queue first = guest.queues.get(0);
      guest.setUp(first, 0);
      guest.enable(first, 1);
      guest.submit(first, "used before there is a call descriptor");
      guest.kick(first, first.kick);
      guest.start(guest.queues.get(1), 0, true);
      guest.call(first, first.call);
      assertThat(first.call.await(Await.SECONDS * 1000)).as("the call").isTrue();
      guest.awaitUsed(first);
      assertThat(resets()).isEqualTo(1);
    }
  }
}
