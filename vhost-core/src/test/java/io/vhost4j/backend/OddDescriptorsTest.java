package io.vhost4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.unix.FileDescriptor;
import io.vhost4j.event.EventFd;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OddMemory;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.protocol.FrontendMessage;
import io.vhost4j.protocol.MemoryTable;
import io.vhost4j.protocol.Payload;
import io.vhost4j.protocol.VringFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Descriptors that are not what they should be: refused, or of no harm; the loop never blocks. */
class OddDescriptorsTest {
  private static final long FULL = -2; // the largest value that an eventfd can have

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 2, TestDevice.Manner.AT_ONCE);

  private static Arguments file(String name, OddFiles.Maker maker) {
    return Arguments.of(name, maker);
  }

  static Stream<Arguments> noEventFds() {
    return Stream.of(
        file("pipe", OddFiles::pipe),
        file("reading end of a pipe", OddFiles::readingPipe),
        file("socket", OddFiles::socket),
        file("unconnected socket", OddFiles::unconnectedSocket),
        file("/dev/null", OddFiles::nothing),
        file("directory", OddFiles::directory),
        file("file", OddFiles::regularFile),
        file("/proc/self/maps", OddFiles::ofKernel),
        file("memory", () -> OddFiles.memory(4096)));
  }

  @ParameterizedTest
  @MethodSource("noEventFds")
  void onlyAnEventFdIsTakenForNotifications(String name, OddFiles.Maker maker) throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        OwnedFd fd = maker.make()) {
      ByteBuffer payload = new VringFile(0, true).encode();
      for (FrontendMessage type :
          List.of(
              FrontendMessage.SET_VRING_KICK,
              FrontendMessage.SET_VRING_CALL,
              FrontendMessage.SET_VRING_ERR)) {
        assertThat(guest.frontend.acked(type, payload, fd)).as("%s", type).isNotZero();
      }
      guest.play(guest.queues.get(0)); // with the descriptors from before
    }
  }

  static Stream<Arguments> noMemory() {
    return Stream.of(
        file("pipe", OddFiles::pipe),
        file("socket", OddFiles::socket),
        file("eventfd", OddFiles::eventFd),
        file("/dev/null", OddFiles::nothing),
        file("/dev/zero", OddFiles::zeros),
        file("directory", OddFiles::directory),
        file("/proc/self/maps", OddFiles::ofKernel),
        file("empty file", OddFiles::regularFile),
        file("a byte too short", () -> OddFiles.memory(4095)),
        file("sealed against writing", OddMemory::writeSealed),
        file("read-only", OddMemory::readOnly));
  }

  @ParameterizedTest
  @MethodSource("noMemory")
  void aFileThatCannotBeMemoryIsRefusedAndTheTableStaysE9(String name, OddFiles.Maker maker)
      throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        OwnedFd fd = maker.make()) {
      guest.sync();
      Resources before = Resources.held();
      MemoryRegion region = new MemoryRegion(1L << 40, 4096, 1L << 40, 0);
      assertThat(
              guest.frontend.acked(
                  FrontendMessage.ADD_MEM_REG, MemoryTable.encodeSingle(region), fd))
          .isNotZero();
      assertThat(
              guest.frontend.acked(
                  FrontendMessage.SET_MEM_TABLE,
                  MemoryTable.encode(List.of(Guest.region(), region)),
                  guest.file,
                  fd))
          .isNotZero();
      guest.play(guest.queues.get(0));
      assertThat(Resources.held()).isEqualTo(before);
    }
    Await.eventually(backend.logs()::complaints, lines -> assertThat(lines).hasSize(2));
    assertThat(backend.logs().complaints()).allMatch(line -> line.contains("refused: E9: "));
  }

  @Test
  void hugePagesAreMappedIfThereAreAnyAndRefusedIfNot() throws Exception {
    boolean any = !Files.readString(Path.of("/proc/sys/vm/nr_hugepages")).trim().equals("0");
    try (Guest guest = Guest.running(backend.serve(device), 1);
        OwnedFd fd = OddMemory.hugePages(2 << 20)) {
      MemoryRegion region = new MemoryRegion(1L << 40, 4096, 1L << 40, 4096);
      assertThat(
              guest.frontend.acked(
                  FrontendMessage.ADD_MEM_REG, MemoryTable.encodeSingle(region), fd))
          .isEqualTo(any ? 0 : 1);
      guest.play(guest.queues.get(0));
    }
  }

  @Test
  void aBackendChannelThatIsNoSocketIsRefused() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1)) {
      for (OddFiles.Maker maker :
          List.<OddFiles.Maker>of(OddFiles::pipe, OddFiles::eventFd, OddFiles::regularFile)) {
        try (OwnedFd fd = maker.make()) {
          assertThat(guest.frontend.acked(FrontendMessage.SET_BACKEND_REQ_FD, Payload.EMPTY, fd))
              .isNotZero();
        }
      }
      // These are Unix stream sockets, but nobody is at the other end.
      for (OddFiles.Maker maker :
          List.<OddFiles.Maker>of(
              OddFiles::unconnectedSocket, OddFiles::listeningSocket, OddFiles::socket)) {
        try (OwnedFd fd = maker.make()) {
          assertThat(guest.frontend.acked(FrontendMessage.SET_BACKEND_REQ_FD, Payload.EMPTY, fd))
              .isZero();
          backend.onLoop(() -> device.context().configChanged());
        }
      }
      guest.play(guest.queues.get(0));
    }
  }

  /** Whose counter is full, so that a write to it blocks. */
  enum Full {
    CALL,
    ERROR,
    KICK
  }

  private static EventFd full() throws IOException {
    EventFd fd = EventFd.adopt(OddFiles.blockingEventFd());
    ByteBuffer value = Payload.allocate(Long.BYTES).putLong(0, FULL);
    assertThat(new FileDescriptor(fd.fd().number()).write(value, 0, Long.BYTES)).isEqualTo(8);
    return fd;
  }

  @ParameterizedTest
  @EnumSource(Full.class)
  void aBlockingEventFdWithAFullCounterBlocksNobody(Full which) throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(backend.serve(device), 1);
        EventFd full = full()) {
      Guest.Queue queue = guest.queues.get(0);
      VringFile file = new VringFile(0, true);
      FrontendMessage type =
          switch (which) {
            case CALL -> FrontendMessage.SET_VRING_CALL;
            case ERROR -> FrontendMessage.SET_VRING_ERR;
            case KICK -> FrontendMessage.SET_VRING_KICK;
          };
      guest.frontend.tell(type, file.encode(), full.fd());
      guest.sync();
      for (int i = 0; i < 3; i++) {
        queue.driver.enableNotifications();
        guest.submit(queue, "no signal gets through");
        if (which == Full.KICK) {
          guest.kick(queue, full); // cannot be signalled, but is looked at when it comes
        } else {
          queue.kick.signal();
        }
        Await.until("buffer used", () -> queue.driver.poll() >= 0);
      }
      new RawRing(guest, queue).index(1000);
      if (which == Full.KICK) {
        guest.kick(queue, full);
      } else {
        queue.kick.signal();
      }
      Await.until("ring stopped", () -> backend.logs().complaints().size() == 1);
      neighbour.play(neighbour.queues.get(0));
    }
  }

  @Test
  void aQueueThatIsKickedByItsOwnCallComesToRest() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 2)) {
      Guest.Queue first = guest.queues.get(0);
      Guest.Queue second = guest.queues.get(1);
      guest.call(first, first.kick);
      guest.call(second, first.kick);
      guest.kick(second, first.kick);
      guest.sync();
      for (Guest.Queue queue : List.of(first, second)) {
        queue.driver.enableNotifications();
        guest.submit(queue, "round and round");
        first.kick.signal();
        Await.until("buffer used", () -> queue.driver.poll() >= 0);
      }
      backend.settle();
      List<QueueCounters> counters = backend.lastServer().queueCounters();
      long turns = counters.get(0).turns;
      backend.settle();
      assertThat(counters.get(0).turns).isEqualTo(turns);
    }
  }
}
