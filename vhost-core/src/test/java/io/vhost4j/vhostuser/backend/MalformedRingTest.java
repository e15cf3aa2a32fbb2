package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.RawRing.INDIRECT;
import static io.vhost4j.vhostuser.backend.RawRing.NEXT;
import static io.vhost4j.vhostuser.backend.RawRing.TABLE;
import static io.vhost4j.vhostuser.backend.RawRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.BackendMessage;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rings that a guest has messed up: that ring stops, and nothing else. */
class MalformedRingTest {
  private static final long PAGE = Guest.request(0);
  private static final long NO_MEMORY = 0x9000_0000L;

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 2, TestDevice.Manner.AT_ONCE);

  @ParameterizedTest
  @EnumSource(Malformation.class)
  void thatRingStopsAndNothingElseDoes(Malformation malformation) throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    Path path = backend.serve(device);
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(path, 2)) {
      Guest.Queue victim = guest.queues.get(0);
      guest.sync();
      malformation.make(new RawRing(guest, victim));
      victim.kick.signal();

      assertThat(victim.error.await(Await.SECONDS * 1000)).as("error descriptor").isTrue();
      victim.kick.signal(); // of no effect any more
      guest.play(guest.queues.get(1));
      neighbour.play(neighbour.queues.get(0));
      guest.enable(victim, 0);
      guest.enable(victim, 1);
      guest.sync();
      assertThat(backend.logs().complaints())
          .singleElement()
          .asString()
          .contains("copy", path.toString(), "queue 0 stopped: ", malformation.words());
      assertThat(victim.error.drain()).isEqualTo(1);
      assertThat(victim.driver.poll()).as("a buffer that came back").isEqualTo(-1);

      // The same connection goes on with the ring when it is started anew.
      guest.stop(victim);
      guest.reboot(victim);
      guest.start(victim, true);
      guest.play(victim);
      guest.play(guest.queues.get(1));
    }
    assertThat(backend.logs().stackTraces()).isEmpty();
    backend.assertServes(path, 2);
  }

  @Test
  void anIndirectDescriptorWithoutTheFeatureStopsTheRingV21() throws Exception {
    Path path = backend.serve(device);
    try (Guest guest = new Guest(path)) {
      guest.negotiate(Guest.FEATURES & ~VirtioFeature.INDIRECT_DESC, Guest.PROTOCOL);
      guest.shareMemory();
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      new RawRing(guest, queue)
          .index(1)
          .tableEntry(0, PAGE, 16, 0, 0)
          .descriptor(0, TABLE, 16, INDIRECT, 0)
          .offer(0);
      queue.kick.signal();
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      assertThat(backend.logs().complaints())
          .singleElement()
          .asString()
          .contains("without the feature");
    }
    backend.assertServes(path, 2);
  }

  @Test
  void aDeviceWithStatusNeedsAResetAndTheDriverHearsOfItB5() throws Exception {
    try (Guest guest = new Guest(backend.serve(device))) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL | ProtocolFeature.STATUS.mask());
      guest.shareMemory();
      OwnedFd[] pair = UnixSocket.pair();
      try (RawFrontend channel = new RawFrontend(pair[0]);
          OwnedFd theirs = pair[1]) {
        guest.frontend.tell(FrontendMessage.SET_BACKEND_REQ_FD, Payload.EMPTY, theirs);
        Guest.Queue queue = guest.startQueue();
        guest.driverOk();
        guest.play(queue);
        new RawRing(guest, queue).index(1000);
        queue.kick.signal();
        assertThat(channel.receive().header().request())
            .isEqualTo(BackendMessage.CONFIG_CHANGE_MSG.id());
        assertThat(guest.frontend.askU64(FrontendMessage.GET_STATUS))
            .isEqualTo(1 | 2 | 4 | 8 | DeviceStatus.NEEDS_RESET);
        guest.driverOk(); // does not make it better
        assertThat(guest.frontend.askU64(FrontendMessage.GET_STATUS) & DeviceStatus.NEEDS_RESET)
            .isNotZero();
        guest.status(0);
        assertThat(guest.frontend.askU64(FrontendMessage.GET_STATUS)).isZero();
        guest.reboot(queue);
        guest.driverOk();
        guest.enable(queue, 1);
        guest.play(queue);
      }
    }
  }

  @Test
  void aBrokenRingStopsWhenItsBuffersAreBackAndWritesNothing() throws Exception {
    TestDevice holder = new TestDevice("holder", 1, TestDevice.Manner.HOLD);
    try (Guest guest = Guest.running(backend.serve(holder), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      new RawRing(guest, queue).index(300);
      queue.kick.signal();
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      guest.frontend.tell(FrontendMessage.GET_VRING_BASE, Guest.state(queue, 0));
      Await.until("stop reached the device", () -> holder.events.contains("stop 0"));
      backend.settle();
      assertThat(guest.frontend.hasNews()).isFalse();
      backend.onLoop(holder::release);
      assertThat(guest.frontend.receive().payload().getInt(4)).isEqualTo(1);
      assertThat(queue.driver.poll()).as("a used entry of a broken ring").isEqualTo(-1);
      assertThat(queue.call.drain()).isZero();
    }
  }

  @Test
  void aDeviceThatTakesBuffersUnaskedIsToldOfTheDefectAndTheRingStops() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 2)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.play(queue);
      backend.settle(); // or the turn that served the guest finds the defect
      new RawRing(guest, queue).index(300);
      backend.onLoop(() -> device.pull(0));
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      assertThat(device.events).endsWith("defect 0");
      backend.onLoop(() -> device.pull(0));
      guest.play(guest.queues.get(1));
      assertThat(backend.logs().complaints())
          .singleElement()
          .asString()
          .contains("ahead in a ring");
    }
  }

  @Test
  void theSameHeadTwiceInFlightIsSurvivedV32() throws Exception {
    TestDevice holder = new TestDevice("holder", 1, TestDevice.Manner.HOLD);
    Path path = backend.serve(holder);
    try (Guest guest = Guest.running(path, 1)) {
      Guest.Queue queue = guest.queues.get(0);
      RawRing ring = new RawRing(guest, queue).descriptor(5, PAGE, 16, 0, 0);
      for (int i = 0; i < Guest.RING_SIZE; i++) {
        ring.offer(5);
      }
      queue.kick.signal();
      Await.until("all held", () -> holder.held() == Guest.RING_SIZE);
      ring.offer(5); // one more than there are descriptors
      queue.kick.signal();
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      assertThat(backend.logs().complaints())
          .singleElement()
          .asString()
          .contains("chains in flight");
      backend.onLoop(holder::release);
      guest.stop(queue);
    }
  }

  @Test
  void emptyDescriptorsAndBuffersAcrossRegionsAreNotMalformedV28V29() throws Exception {
    try (Guest guest = new Guest(backend.serve(device))) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      // The same memory as two regions, with the seam in the middle of the request and the reply.
      long seam = Guest.DATA + 8;
      List<MemoryRegion> halves =
          List.of(
              new MemoryRegion(Guest.BASE, seam, Guest.USER, 0),
              new MemoryRegion(
                  Guest.BASE + seam, Guest.MEMORY_SIZE - seam, Guest.USER + seam, seam));
      assertThat(
              guest.frontend.acked(
                  FrontendMessage.SET_MEM_TABLE,
                  MemoryTable.encode(halves),
                  guest.file,
                  guest.file))
          .isZero();
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      queue.driver.enableNotifications();
      new RawRing(guest, queue)
          .index(1)
          .descriptor(3, NO_MEMORY, 0, NEXT, 4)
          .descriptor(4, Guest.request(0), 16, NEXT, 5)
          .descriptor(5, 0, 0, NEXT | WRITE, 6)
          .descriptor(6, Guest.reply(0), 16, WRITE, 0)
          .offer(3);
      queue.kick.signal();
      assertThat(queue.call.await(Await.SECONDS * 1000)).isTrue();
      assertThat(guest.stop(queue)).isEqualTo(2);
      assertThat(backend.logs().complaints()).isEmpty();
    }
  }
}
