package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.engine.Polling;
import io.vhost4j.event.EventFd;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.virtqueue.VringAddresses;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings being set up, started, stopped, changed and reset (C12 to C18, C35, C36). */
@ParameterizedClass
@MethodSource("io.vhost4j.vhostuser.backend.Backend#pollings")
class RingLifecycleTest {
  private static final long WITH_STATUS = Guest.PROTOCOL | ProtocolFeature.STATUS.mask();

  @RegisterExtension final Backend backend;

  RingLifecycleTest(Polling polling) {
    backend = new Backend(polling);
  }

  private final TestDevice device = new TestDevice("copy", 2, TestDevice.Manner.AT_ONCE);
  private final TestDevice holder = new TestDevice("holder", 2, TestDevice.Manner.HOLD);

  private Guest guest(TestDevice served, long features, long protocol) throws Exception {
    Guest guest = new Guest(backend.serve(served));
    guest.negotiate(features, protocol);
    guest.shareMemory();
    return guest;
  }

  private Guest guest() throws Exception {
    return guest(device, Guest.FEATURES, Guest.PROTOCOL);
  }

  private long count(TestDevice of, String event) {
    return Collections.frequency(of.events, event);
  }

  @Test
  void buffersThatWereThereBeforeTheStartAreTakenWithoutAKickC14() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(0);
      guest.submit(queue, "early");
      guest.start(queue, true);
      guest.awaitUsed(queue);
      assertThat(queue.driver.usedLength()).isEqualTo(5);
      assertThat(queue.kick.drain()).as("nobody has kicked").isZero();
    }
  }

  /** A buffer that is added now is not taken. */
  private void assertLeftAlone(Guest guest, Guest.Queue queue, String text) throws Exception {
    guest.submit(queue, text);
    queue.kick.signal();
    guest.sync();
    backend.settle();
    assertThat(queue.driver.poll()).isEqualTo(-1);
  }

  @Test
  void aRingIsLeftAloneUntilItIsEnabledAndWhileItIsDisabledB4C12() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(0);
      guest.start(queue, false);
      assertLeftAlone(guest, queue, "waits");

      guest.enable(queue, 1);
      guest.awaitUsed(queue);
      guest.enable(queue, 0);
      guest.sync();
      assertLeftAlone(guest, queue, "waits again");

      guest.enable(queue, 1);
      guest.awaitUsed(queue);
      guest.play(queue);
    }
  }

  /** User-mode Linux frees ring and buffers as soon as all rings are disabled. */
  @Test
  void aRingIsDisabledWhenEveryBufferHasComeBackC15() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      int head = guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      guest.enable(queue, 0);
      guest.frontend.tell(FrontendMessage.GET_FEATURES, Payload.EMPTY);
      backend.settle();
      assertThat(guest.frontend.hasNews()).as("an answer before the buffer").isFalse();
      assertThat(holder.events).endsWith("stop 0");
      queue.kick.signal();
      backend.settle();
      backend.onLoop(holder::release);
      assertThat(guest.frontend.receive().header().request())
          .as("messages meanwhile wait (C2)")
          .isEqualTo(FrontendMessage.GET_FEATURES.id());
      assertThat(queue.driver.poll()).isEqualTo(head);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 65533, 65535})
  void aDisabledRingHoldsNoBufferAndGoesOnWhereItWasC15F8(int start) throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.addQueue(start);
      guest.start(queue, true);
      int[] heads = {
        guest.submit(queue, "one"), guest.submit(queue, "two"), guest.submit(queue, "three")
      };
      guest.announce(queue);
      Await.until("three buffers held", () -> holder.held() == 3);
      holder.putsBack = 2;
      for (int round = 0; round < 3; round++) {
        guest.enable(queue, 0);
        guest.sync();
        assertThat(holder.held()).isZero();
        assertThat(queue.driver.poll()).isEqualTo(round == 0 ? heads[0] : -1);
        guest.enable(queue, 1);
        Await.until("two buffers held", () -> holder.held() == 2);
      }
      assertThat(count(holder, "reset")).isZero();
      backend.onLoop(() -> holder.completeHeld(0, 0));
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[1]);
      guest.enable(queue, 0); // as QEMU does before it stops a ring
      assertThat(guest.stop(queue)).isEqualTo((start + 2) & 0xffff);
      assertThat(queue.driver.poll()).as("put back").isEqualTo(-1);
      guest.start(queue, (start + 2) & 0xffff, true);
      Await.until("a buffer held", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[2]);
    }
  }

  @Test
  void aRingThatIsDisabledAndEnabledAgainAndAgainLosesNothing() throws Exception {
    TestDevice worker = new TestDevice("worker", 1, TestDevice.Manner.WORKER);
    try (Guest guest = guest(worker, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      for (int i = 0; i < 200; i++) {
        int head = guest.submit(queue, "buffer " + i);
        queue.kick.signal();
        for (int j = 0; j <= i % 4; j++) {
          guest.enable(queue, 0);
          guest.enable(queue, 1);
        }
        assertThat(guest.awaitUsed(queue)).isEqualTo(head);
        assertThat(queue.driver.usedLength()).isPositive();
      }
      guest.enable(queue, 0);
      assertThat(guest.stop(queue)).isEqualTo(200);
    }
  }

  @Test
  void nothingIsLeftOfAFrontendThatGoesWhileItsRingIsBeingDisabledE11() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      guest.enable(queue, 0);
      Await.until("stop reached the device", () -> holder.events.contains("stop 0"));
    }
    backend.settle();
    assertThat(holder.events).endsWith("stop 0");
    backend.onLoop(holder::release);
    Await.until("disconnected", () -> holder.events.contains("disconnected"));
    assertThat(holder.events).endsWith("stop 0", "reset", "disconnected");
  }

  @Test
  void aRingThatIsSetUpAnewWhileItIsDisabledWaitsForItsStart() throws Exception {
    try (Guest guest = guest(device, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      guest.enable(queue, 0);
      guest.reboot(queue);
      guest.setUp(queue, 0);
      guest.enable(queue, 1);
      assertLeftAlone(guest, queue, "not started");
      assertThat(count(device, "reset")).isZero();
      guest.kick(queue, queue.kick);
      guest.awaitUsed(queue);
      assertThat(count(device, "reset")).as("a new driver begins").isEqualTo(1);
    }
  }

  @Test
  void aRingThatIsBrokenIsNotMendedByBeingDisabledAndEnabled() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      device.failsNext = true;
      guest.submit(queue, "fails");
      queue.kick.signal();
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      guest.enable(queue, 0);
      guest.enable(queue, 1);
      guest.sync();
      guest.awaitUsed(queue); // the buffer that was in the device's hands
      assertLeftAlone(guest, queue, "broken");
      int base = guest.stop(queue);
      guest.start(queue, base, true);
      guest.awaitUsed(queue);
      guest.play(queue);
      assertThat(backend.logs().complaints()).hasSize(2); // the failure, and the ring that stops
    }
  }

  @Test
  void aRingThatRunsKeepsItsSizeIndexAndPlaceC16() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);

      assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_NUM, Guest.state(queue, 2)))
          .isEqualTo(1);
      assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_BASE, Guest.state(queue, 0)))
          .isEqualTo(1);
      assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_ADDR, Guest.addresses(queue)))
          .as("where it is")
          .isZero();
      guest.play(queue);
    }
  }

  @Test
  void aRingEnabledBeforeItIsStartedRunsAtOnceC13() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(0);
      guest.enable(queue, 1);
      guest.start(queue, false);
      guest.play(queue);
    }
  }

  @Test
  void withoutProtocolFeaturesAllRingsAreEnabledByTheFeaturesC15() throws Exception {
    long features = Guest.FEATURES & ~VhostFeature.PROTOCOL_FEATURES;
    try (Guest guest = guest(device, features, 0)) {
      Guest.Queue queue = guest.addQueue(0);
      guest.start(queue, false);
      guest.play(queue);
      // Set once more with bit 30, the rings stay as they are.
      guest.frontend.tell(FrontendMessage.SET_FEATURES, Payload.u64(Guest.FEATURES));
      guest.play(queue);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 65530, 65535})
  void aStoppedRingGoesOnAtItsBaseC17C18(int start) throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(start);
      guest.start(queue, true);
      for (int i = 0; i < 20; i++) {
        guest.play(queue);
      }
      int base = guest.stop(queue);
      assertThat(base).isEqualTo((start + 20) & 0xffff);
      assertThat(guest.stop(queue)).as("asked for again").isEqualTo(base);

      guest.submit(queue, "stopped");
      queue.kick.signal();
      guest.sync();
      assertThat(queue.driver.poll()).as("a stopped ring is not touched").isEqualTo(-1);
      guest.start(queue, base, true);
      guest.awaitUsed(queue);
      for (int i = 0; i < 40; i++) {
        guest.play(queue);
      }
      assertThat(guest.stop(queue)).isEqualTo((start + 61) & 0xffff);
    }
  }

  @ParameterizedTest
  @EnumSource(TestDevice.Manner.class)
  void theBaseOfARingIsToldWhenEveryBufferHasComeBackC18(TestDevice.Manner manner)
      throws Exception {
    TestDevice served = new TestDevice("any", 1, manner);
    try (Guest guest = guest(served, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.addQueue(100);
      guest.start(queue, true);
      guest.submit(queue, "one");
      guest.submit(queue, "two");
      guest.announce(queue);
      if (manner == TestDevice.Manner.HOLD) {
        Await.until("two buffers held", () -> served.held() == 2);
        guest.frontend.tell(FrontendMessage.GET_VRING_BASE, Guest.state(queue, 0));
        guest.frontend.tell(FrontendMessage.GET_FEATURES, Payload.EMPTY);
        Await.until("stop reached the device", () -> served.events.contains("stop 0"));
        backend.settle();
        assertThat(guest.frontend.hasNews()).as("an answer before the buffers").isFalse();
        backend.onLoop(served::release);
        RawFrontend.Reply reply = guest.frontend.receive();
        assertThat(reply.header().request()).isEqualTo(FrontendMessage.GET_VRING_BASE.id());
        assertThat(reply.payload().getInt(4)).isEqualTo(102);
        assertThat(guest.frontend.receive().header().request())
            .as("messages meanwhile wait (C2)")
            .isEqualTo(FrontendMessage.GET_FEATURES.id());
      } else {
        guest.awaitUsed(queue);
        guest.awaitUsed(queue);
        assertThat(guest.stop(queue)).isEqualTo(102);
        return;
      }
      guest.awaitUsed(queue);
      guest.awaitUsed(queue);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65533, 65535})
  void buffersThatAreOnlyPutBackComeAgainAfterAPauseC18F8(int start) throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.addQueue(start);
      guest.start(queue, true);
      int[] heads = {
        guest.submit(queue, "one"), guest.submit(queue, "two"), guest.submit(queue, "three")
      };
      guest.announce(queue);
      Await.until("three buffers held", () -> holder.held() == 3);
      holder.putsBack = 2;
      int base = guest.stop(queue);
      assertThat(base).isEqualTo((start + 1) & 0xffff);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[0]);
      assertThat(queue.driver.poll()).as("put back").isEqualTo(-1);

      for (int pause = 0; pause < 3; pause++) {
        guest.start(queue, base, true);
        Await.until("two buffers held", () -> holder.held() == 2);
        assertThat(guest.stop(queue)).isEqualTo(base);
        assertThat(queue.driver.poll()).isEqualTo(-1);
      }
      guest.start(queue, base, true);
      Await.until("two buffers held", () -> holder.held() == 2);
      guest.submit(queue, "four");
      guest.announce(queue); // only if the device asks for it
      Await.until("three buffers held", () -> holder.held() == 3);
      backend.onLoop(holder::release);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[1]);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[2]);
      guest.awaitUsed(queue);
      assertThat(holder.events).doesNotContain("kept 0");
    }
  }

  @Test
  void buffersThatWerePutBackAreForgottenWhenADriverBeginsAnewB6() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.submit(queue, "stale");
      guest.submit(queue, "stale");
      guest.announce(queue);
      Await.until("two buffers held", () -> holder.held() == 2);
      holder.putsBack = 2;
      assertThat(guest.frontend.acked(FrontendMessage.RESET_DEVICE, Payload.EMPTY)).isZero();
      assertThat(holder.events).endsWith("stop 0", "reset");
      assertThat(queue.driver.poll()).isEqualTo(-1);
      guest.reboot(queue);
      guest.enable(queue, 1);
      guest.sync();
      backend.settle();
      assertThat(holder.held()).isZero();
      guest.submit(queue, "fresh");
      queue.kick.signal();
      Await.until("a buffer held", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      guest.awaitUsed(queue);
      assertThat(queue.driver.usedLength()).isEqualTo(5);
    }
  }

  @Test
  void aBufferCannotBePutBackIntoARingThatRuns() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      assertThatThrownBy(() -> backend.onLoop(() -> holder.putBackLast(0)))
          .hasCauseInstanceOf(IllegalStateException.class);
      backend.onLoop(holder::release);
      guest.awaitUsed(queue);
    }
  }

  @Test
  void aNewCallDescriptorIsUsedForTheNextSignalC16() throws Exception {
    try (Guest guest = guest();
        EventFd former = EventFd.adopt(new OwnedFd(EventFd.create().fd().release()))) {
      Guest.Queue queue = guest.startQueue();
      guest.call(queue, former);
      guest.sync();
      guest.submit(queue, "to the former");
      guest.announce(queue);
      assertThat(former.await(Await.SECONDS * 1000)).isTrue();
      assertThat(queue.driver.poll()).isNotNegative();
      former.drain();
      guest.call(queue, queue.call);
      guest.sync();
      queue.call.drain();
      guest.play(queue);
      assertThat(former.drain()).isZero();
    }
  }

  @Test
  void whatNobodyCouldBeToldIsToldWithTheCallDescriptor() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(0);
      guest.setUp(queue, 0);
      guest.enable(queue, 1);
      guest.submit(queue, "before the call descriptor");
      guest.kick(queue, queue.kick);
      guest.sync();
      guest.call(queue, queue.call); // as QEMU does it: after the kick descriptor (C6)
      guest.awaitUsed(queue);
      guest.play(queue);
    }
  }

  @Test
  void aNewKickDescriptorReplacesTheFormerOnARunningRingC16() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      EventFd former = queue.kick;
      queue.kick = EventFd.create();
      guest.kick(queue, queue.kick);
      guest.sync();
      guest.play(queue);
      former.signal();
      former.close();
      guest.play(queue);
      assertThat(count(device, "started 0")).as("starts").isEqualTo(1);
    }
  }

  @Test
  void aRingWithoutKickDescriptorIsPolledAndOneWithoutCallDescriptorIsNotSignalled()
      throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      guest.frontend.tell(FrontendMessage.SET_VRING_KICK, new VringFile(0, false).encode());
      guest.frontend.tell(FrontendMessage.SET_VRING_CALL, new VringFile(0, false).encode());
      guest.sync();
      queue.call.drain();
      for (int i = 0; i < 3; i++) {
        guest.submit(queue, "polled");
        Await.until("buffer used", () -> queue.driver.poll() >= 0);
      }
      assertThat(queue.call.drain()).isZero();
    }
  }

  @Test
  void spuriousKicksAreHarmlessV15() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      for (int i = 0; i < 50; i++) {
        queue.kick.signal();
        guest.play(queue);
        queue.kick.signal();
      }
    }
  }

  @Test
  void aDriverThatDoesNotWantToBeToldIsNotV10() throws Exception {
    try (Guest guest = guest(device, Guest.FEATURES & ~VirtioFeature.EVENT_IDX, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue); // the first completion always is told (V12)
      queue.driver.disableNotifications();
      queue.call.drain();
      guest.submit(queue, "quiet");
      queue.kick.signal();
      Await.until("buffer used", () -> queue.driver.poll() >= 0);
      backend.settle();
      assertThat(queue.call.drain()).isZero();
    }
  }

  @Test
  void aDeviceThatTakesTheRestLaterHearsOfTheNextBufferV14() throws Exception {
    TestDevice served = new TestDevice("slow", 1, TestDevice.Manner.AT_ONCE);
    try (Guest guest = guest(served, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.sync();
      for (int i = 0; i < 100; i++) { // more than a turn may take, all in all
        served.room.set(1); // the device has no room for more, just now
        for (int j = 0; j < 4; j++) {
          guest.submit(queue, "some");
        }
        guest.announce(queue);
        guest.awaitUsed(queue);
        backend.settle();
        assertThat(queue.driver.poll()).isEqualTo(-1);
        served.room.set(Integer.MAX_VALUE);
        backend.onLoop(() -> served.pull(0));
        for (int j = 0; j < 3; j++) {
          assertThat(queue.driver.poll()).isNotNegative();
        }
        guest.play(queue); // kicked only if the device asks for it
        backend.settle();
      }
    }
  }

  @Test
  void memoryIsReplacedUnderARunningRingAndStaysUntilItsBuffersAreBackC26() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      guest.submit(queue, "old memory");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      long before = Resources.held().memoryMappings();
      assertThat(
              guest.frontend.acked(
                  FrontendMessage.SET_MEM_TABLE,
                  MemoryTable.encode(List.of(Guest.region())),
                  guest.file))
          .isZero();
      assertThat(Resources.held().memoryMappings()).isEqualTo(before + 1);
      backend.onLoop(holder::release);
      guest.awaitUsed(queue);
      assertThat(queue.driver.usedLength()).isEqualTo(10);
      assertThat(Resources.held().memoryMappings()).isEqualTo(before);
      guest.submit(queue, "new memory");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      guest.awaitUsed(queue);
    }
  }

  @Test
  void aRingThatIsNotInTheNewMemoryStopsAndTheOthersWouldGoOnC20V31() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      assertThat(guest.frontend.acked(FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(List.of())))
          .isZero();
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      // Once more: the ring is broken already, nobody has to hear of it again.
      guest.frontend.tell(FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(List.of()));
      guest.sync();
      assertThat(backend.logs().complaints())
          .singleElement()
          .asString()
          .contains("queue 0 stopped: ", "outside memory");
      int base = guest.stop(queue);
      guest.shareMemory();
      guest.start(queue, base, true);
      guest.play(queue);
    }
  }

  private static void remove(Guest guest) throws Exception {
    assertThat(
            guest.frontend.acked(
                FrontendMessage.REM_MEM_REG, MemoryTable.encodeSingle(Guest.region())))
        .isZero();
  }

  private static void add(Guest guest) throws Exception {
    assertThat(
            guest.frontend.acked(
                FrontendMessage.ADD_MEM_REG, MemoryTable.encodeSingle(Guest.region()), guest.file))
        .isZero();
  }

  /** QEMU takes all old regions away before it adds the new ones. */
  @Test
  void aRingWhoseMemoryIsTakenAwayAndGivenAgainGoesOnC24C26() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      for (int round = 0; round < 3; round++) {
        guest.play(queue);
        remove(guest);
        guest.submit(queue, "meanwhile");
        queue.kick.signal(); // the driver knows nothing of it
        guest.enable(queue, 0);
        guest.enable(queue, 1);
        guest.sync();
        backend.settle();
        assertThat(queue.driver.poll()).isEqualTo(-1);
        add(guest);
        guest.awaitUsed(queue);
        guest.play(queue);
      }
      assertThat(queue.error.drain()).isZero();
      assertThat(backend.logs().complaints()).isEmpty();
      assertThat(count(device, "reset")).isZero();
      remove(guest);
      assertThat(guest.stop(queue)).isEqualTo(9);
      add(guest);
      guest.start(queue, 9, true);
      guest.play(queue);
    }
  }

  @Test
  void aBufferOfARingWhoseMemoryIsTakenAwayKeepsItsMemoryC26() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, Guest.PROTOCOL)) {
      Guest.Queue queue = guest.startQueue();
      int head = guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      remove(guest);
      add(guest);
      backend.settle();
      assertThat(count(holder, "started 0")).as("before the buffer is back").isEqualTo(1);
      backend.onLoop(holder::release);
      assertThat(guest.awaitUsed(queue)).isEqualTo(head);
      Await.until("started again", () -> count(holder, "started 0") == 2);
      guest.submit(queue, "next");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      guest.awaitUsed(queue);
    }
  }

  @Test
  void ringAddressesAreCheckedAgainstMemoryAndCannotMoveWhileTheRingRunsE10() throws Exception {
    try (Guest guest = new Guest(backend.serve(device))) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      Guest.Queue queue = guest.addQueue(0);
      RawFrontend frontend = guest.frontend;
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ADDR, Guest.addresses(queue)))
          .as("before the memory table")
          .isNotZero();
      assertThat(
              frontend.acked(
                  FrontendMessage.SET_VRING_KICK, new VringFile(0, true).encode(), queue.kick.fd()))
          .as("a ring without addresses is not started")
          .isNotZero();
      guest.shareMemory();
      VringAddresses good = queue.driver.addresses();
      long descriptors = good.descriptorTable();
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ADDR, addresses(good, 1, 0, 0)))
          .isNotZero();
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ADDR, addresses(good, 0, 1, 0)))
          .isNotZero();
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ADDR, addresses(good, 0, 0, 2)))
          .isNotZero();
      assertThat(
              frontend.acked(
                  FrontendMessage.SET_VRING_ADDR,
                  addresses(good, Guest.USER + Guest.MEMORY_SIZE - descriptors, 0, 0)))
          .isNotZero();
      guest.start(queue, true);
      guest.play(queue);
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ADDR, Guest.addresses(queue)))
          .as("the same addresses")
          .isZero();
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ADDR, addresses(good, 16, 0, 0)))
          .isNotZero();
      assertThat(frontend.acked(FrontendMessage.SET_VRING_NUM, Guest.state(queue, 8))).isNotZero();
      assertThat(frontend.acked(FrontendMessage.SET_VRING_BASE, Guest.state(queue, 8))).isNotZero();
      guest.play(queue);
    }
  }

  @Test
  void theAddressOfALogIsTakenAndNotUsedC29() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(0);
      guest.setUp(queue, 0);
      VringAddresses at = queue.driver.addresses();
      VringAddress logged =
          new VringAddress(0, 1, at.descriptorTable(), at.usedRing(), at.availRing(), -1);
      assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_ADDR, logged.encode())).isZero();
      guest.call(queue, queue.call);
      guest.kick(queue, queue.kick);
      guest.enable(queue, 1);
      guest.play(queue);
    }
  }

  private static ByteBuffer addresses(VringAddresses at, long descriptors, long avail, long used) {
    return new VringAddress(
            0,
            0,
            at.descriptorTable() + descriptors,
            at.usedRing() + used,
            at.availRing() + avail,
            0)
        .encode();
  }

  @Test
  void numbersThatMakeNoSenseAreRefusedE7() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.addQueue(0);
      for (int size : new int[] {0, 3, 2048, 32768, 65536, -1, Integer.MIN_VALUE}) {
        assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_NUM, Guest.state(queue, size)))
            .as("size %d", size)
            .isNotZero();
      }
      for (int base : new int[] {65536, -1}) {
        assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_BASE, Guest.state(queue, base)))
            .as("base %d", base)
            .isNotZero();
      }
      assertThat(guest.frontend.acked(FrontendMessage.SET_VRING_ENABLE, Guest.state(queue, 2)))
          .isNotZero();
      guest.start(queue, true);
      guest.play(queue);
    }
  }

  // Reset and status

  @Test
  void resetDeviceDisablesTheRingsAndKeepsTheirDescriptorsC36() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue first = guest.addQueue(0);
      Guest.Queue second = guest.addQueue(0);
      guest.start(first, true);
      guest.start(second, true);
      guest.play(first);
      assertThat(guest.frontend.acked(FrontendMessage.RESET_DEVICE, Payload.EMPTY)).isZero();
      assertThat(device.events).endsWith("stop 0", "stop 1", "reset");

      guest.reboot(first);
      assertLeftAlone(guest, first, "disabled");
      guest.enable(first, 1);
      guest.awaitUsed(first);
      guest.play(first);
    }
  }

  @Test
  void aKickDuringAResetDoesNotReviveTheRingB6() throws Exception {
    try (Guest guest = guest(holder, Guest.FEATURES, WITH_STATUS)) {
      Guest.Queue queue = guest.startQueue();
      guest.driverOk();
      guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);

      guest.status(0);
      Await.until("stop reached the device", () -> holder.events.contains("stop 0"));
      guest.submit(queue, "too late");
      queue.kick.signal();
      backend.settle();
      assertThat(holder.held()).isEqualTo(1);
      backend.onLoop(holder::release);
      guest.sync();
      backend.settle();
      assertThat(count(holder, "started 0")).isEqualTo(1);
      assertThat(count(holder, "reset")).isEqualTo(1);
      assertThat(holder.held()).isZero();
    }
  }

  @Test
  void statusZeroResetsTheDeviceAndDisablesItsRingsC35B6() throws Exception {
    try (Guest guest = guest(device, Guest.FEATURES, WITH_STATUS)) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue); // QEMU's generic devices never say DRIVER_OK, so that is for the frontend
      guest.driverOk();
      guest.play(queue);
      assertThat(guest.frontend.askU64(FrontendMessage.GET_STATUS)).isEqualTo(1 | 2 | 4 | 8);

      guest.status(0);
      assertThat(guest.frontend.askU64(FrontendMessage.GET_STATUS)).isZero();
      assertThat(device.events).endsWith("stop 0", "reset");
      // The driver begins anew; ring and descriptors are still known.
      guest.reboot(queue);
      assertLeftAlone(guest, queue, "after the reset");
      guest.driverOk();
      guest.enable(queue, 1);
      guest.awaitUsed(queue);
      assertThat(guest.frontend.acked(FrontendMessage.SET_STATUS, Payload.u64(0x100))).isNotZero();
    }
  }

  @Test
  void aPausedGuestGoesOnWithTheDeviceAsItWasAndARebootedOneGetsAResetOne() throws Exception {
    try (Guest guest = guest(device, Guest.FEATURES, WITH_STATUS)) {
      Guest.Queue queue = guest.startQueue();
      guest.driverOk();
      guest.play(queue);
      // QEMU ends a pause and a reboot alike: all rings stopped, then status 0 (C6).
      guest.enable(queue, 0);
      int base = guest.stop(queue);
      guest.status(0);
      guest.start(queue, base, true);
      guest.driverOk();
      guest.play(queue);
      assertThat(count(device, "reset")).as("after a pause").isZero();

      guest.enable(queue, 0);
      guest.stop(queue);
      guest.status(0);
      guest.reboot(queue);
      guest.start(queue, true);
      guest.driverOk();
      guest.play(queue);
      assertThat(count(device, "reset")).as("after a reboot").isEqualTo(1);
    }
  }

  @Test
  void aSlowResetHoldsUpTheStartAndItsKickDescriptorIsNotLost() throws Exception {
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      guest.stop(queue);
      Promise<Void> reset = Promise.promise();
      device.resets = reset::future;
      guest.reboot(queue);
      guest.start(queue, true);
      guest.submit(queue, "waits for the reset");
      Await.until("reset", () -> device.events.contains("reset"));
      backend.settle();
      assertThat(queue.driver.poll()).isEqualTo(-1);
      reset.complete(); // from another thread, which the engine must not mind
      guest.awaitUsed(queue);
      guest.play(queue);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nothingIsLeftOfAConnectionThatEndsDuringASlowReset(boolean serverCloses) throws Exception {
    Promise<Void> reset = Promise.promise();
    try (Guest guest = guest()) {
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      guest.stop(queue);
      device.resets = reset::future;
      guest.start(queue, 0, true);
      Await.until("reset", () -> device.events.contains("reset"));
    }
    device.resets = Future::succeededFuture;
    if (serverCloses) {
      Future<Void> closed = backend.lastServer().close();
      backend.settle();
      assertThat(closed.isComplete()).isFalse();
      reset.complete();
      Await.result(closed);
      assertThat(count(device, "started 0")).as("no start after the end").isEqualTo(1);
    } else {
      reset.complete();
      Await.until("disconnected", () -> device.events.contains("disconnected"));
    }
    assertThat(count(device, "reset")).isEqualTo(2);
  }
}
