package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.unix.FileDescriptor;
import io.vhost4j.engine.QueueCounters;
import io.vhost4j.event.EventFd;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.event.Notifier;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OddMemory;
import io.vhost4j.nativeio.OpenFiles;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.VringFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Descriptors that are not what they should be: refused, or of no harm; the loop never blocks. */
class OddDescriptorsTest {
  private static final long FULL = -2; // the largest value that an eventfd can have

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 2, TestDevice.Manner.AT_ONCE);

  private static Arguments file(String name, OddFiles.Maker maker) {
    return Arguments.of(name, maker);
  }

  static Stream<Arguments> noNotifiers() {
    return Stream.of(
        file("/dev/null", OddFiles::nothing),
        file("directory", OddFiles::directory),
        file("file", OddFiles::regularFile),
        file("epoll set", OpenFiles::epoll),
        file("Internet socket", OddFiles::internetSocket),
        file("path of an eventfd", OddFiles::pathOfEventFd),
        file("/proc/self/maps", OddFiles::ofKernel),
        file("memory", () -> OddFiles.memory(4096)));
  }

  @ParameterizedTest
  @MethodSource("noNotifiers")
  void whatCannotNotifyIsRefused(String name, OddFiles.Maker maker) throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        OwnedFd fd = maker.make()) {
      for (FrontendMessage type :
          List.of(
              FrontendMessage.SET_VRING_KICK,
              FrontendMessage.SET_VRING_CALL,
              FrontendMessage.SET_VRING_ERR)) {
        assertRefused(guest, type, fd);
      }
      guest.play(guest.queues.get(0)); // with the descriptors from before
    }
  }

  @Test
  void anEndThatIsNotOpenForItsUseIsRefused() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        OwnedFd reading = OddFiles.readingPipe();
        OwnedFd writing = OddFiles.pipe()) {
      assertRefused(guest, FrontendMessage.SET_VRING_KICK, writing);
      assertRefused(guest, FrontendMessage.SET_VRING_CALL, reading);
      assertRefused(guest, FrontendMessage.SET_VRING_ERR, reading);
      guest.play(guest.queues.get(0));
    }
  }

  private static void assertRefused(Guest guest, FrontendMessage type, OwnedFd fd)
      throws IOException {
    ByteBuffer payload = new VringFile(0, true).encode();
    assertThat(guest.frontend.acked(type, payload, fd)).as("%s", type).isNotZero();
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
      Await.eventually(Resources::held, held -> held.assertNoMoreThan(before));
    }
    Await.eventually(backend.logs()::complaints, lines -> assertThat(lines).hasSize(2));
    assertThat(backend.logs().complaints())
        .allMatch(line -> line.contains("refused: memory region "));
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
    fill(fd);
    return fd;
  }

  private static void fill(EventFd fd) throws IOException {
    ByteBuffer value = Payload.allocate(Long.BYTES).putLong(0, FULL);
    assertThat(new FileDescriptor(fd.fd().number()).write(value, 0, Long.BYTES)).isEqualTo(8);
  }

  /** The flag belongs to the open file, so that the frontend can clear it when it likes. */
  @Test
  void aFrontendThatFillsItsCallAndMakesItBlockAfterwardsHoldsUpNobody() throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(backend.serve(device), 2)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.play(queue);
      guest.sync(); // by then the call for it has been sent
      queue.call.drain();
      fill(queue.call);
      OpenFiles.makeBlocking(queue.call.fd());
      try {
        for (int i = 0; i < 3; i++) {
          use(guest, queue, queue.kick.fd());
        }
        guest.play(guest.queues.get(1));
        neighbour.play(neighbour.queues.get(0));
      } finally {
        OpenFiles.makeNonBlocking(queue.call.fd());
        queue.call.drain(); // or a loop that hangs would hang for ever
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Full.class)
  void aBlockingEventFdWithAFullCounterBlocksNobody(Full which) throws Exception {
    EventFd full = full();
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(backend.serve(device), 1)) {
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
    } finally {
      letGo(full);
      full.close();
    }
  }

  private static void letGo(EventFd full) {
    // A loop that hangs would hang for ever, and the test would not say why.
    OpenFiles.makeNonBlocking(full.fd());
    for (int i = 0; i < 10; i++) {
      full.drain();
    }
  }

  /** Eventfds that are open in this process. */
  private static Set<Integer> eventFds() throws IOException {
    Set<Integer> found = new HashSet<>();
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      for (Path fd : all.toList()) {
        int number = Integer.parseInt(fd.getFileName().toString());
        if (Files.exists(fd, LinkOption.NOFOLLOW_LINKS) && Descriptors.isEventFd(number)) {
          found.add(number);
        }
      }
    }
    return found;
  }

  /** As when the kernel has no memory for it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSignalThatCannotBeSentEndsTheSessionAndNothingElse(boolean error) throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    Path path = backend.serve(device);
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(path, 1);
        EventFd given = EventFd.create();
        OwnedFd nothing = OddFiles.nothing()) {
      Guest.Queue queue = guest.queues.get(0);
      guest.sync();
      Set<Integer> taken = eventFds();
      give(
          guest,
          error ? FrontendMessage.SET_VRING_ERR : FrontendMessage.SET_VRING_CALL,
          0,
          given.fd());
      Set<Integer> theirs = eventFds();
      theirs.removeAll(taken);
      assertThat(theirs).hasSize(1);
      OpenFiles.replace(theirs.iterator().next(), nothing);
      queue.driver.enableNotifications();
      if (error) {
        new RawRing(guest, queue).index(1000);
      } else {
        guest.submit(queue, "nobody can be told");
      }
      queue.kick.signal();
      Await.until("session ended", () -> guest.frontend.isHungUpOn());
      neighbour.play(neighbour.queues.get(0));
    }
    backend.assertServes(path, 1);
    assertThat(backend.logs().complaints())
        .hasSize(error ? 2 : 1)
        .last()
        .asString()
        .contains("disconnected: queue 0: cannot signal eventfd");
    assertThat(backend.logs().stackTraces()).isEmpty();
  }

  /** Each pipe has a thread. */
  @Test
  void pipesBeyondTheLimitOfThreadsAreRefusedAndTheQueueGoesOn() throws Exception {
    List<Notifier> others = new ArrayList<>();
    try (Guest guest = Guest.running(backend.serve(device), 1);
        Ends kick = Ends.ofPipe(true);
        Ends call = Ends.ofPipe(false)) {
      while (true) {
        try {
          others.add(Notifier.adopt(OddFiles.pipe()));
        } catch (IOException e) {
          break;
        }
      }
      assertRefused(guest, FrontendMessage.SET_VRING_CALL, call.theirs);
      assertRefused(guest, FrontendMessage.SET_VRING_ERR, call.theirs);
      assertThat(backend.logs().complaints())
          .hasSize(2)
          .allMatch(line -> line.contains("refused: the limit of 256 threads"));
      guest.play(guest.queues.get(0)); // with the descriptors from before
      assertRefused(guest, FrontendMessage.SET_VRING_KICK, kick.theirs);
      assertThat(backend.logs().complaints()).last().asString().contains("the limit of 256");
    } finally {
      others.forEach(Notifier::close);
    }
  }

  /** Two ends that are connected to each other, ours and the backend's. */
  private record Ends(OwnedFd ours, OwnedFd theirs) implements AutoCloseable {
    static Ends ofPipe(boolean weWrite) throws IOException {
      FileDescriptor[] pipe = FileDescriptor.pipe(); // reading, writing
      OwnedFd reading = new OwnedFd(pipe[0].intValue());
      OwnedFd writing = new OwnedFd(pipe[1].intValue());
      return weWrite ? new Ends(writing, reading) : new Ends(reading, writing);
    }

    static Ends ofSocket() throws IOException {
      OwnedFd[] pair = UnixSocket.pair();
      return new Ends(pair[0], pair[1]);
    }

    /** Writes until the backend's end takes nothing more. */
    static int fill(OwnedFd end) throws IOException {
      ByteBuffer value = Payload.u64(1);
      int count = 0;
      while (new FileDescriptor(end.number()).write(value, 0, Long.BYTES) > 0) {
        count++;
      }
      return count;
    }

    long receive() throws IOException {
      assertThat(Descriptors.awaitReadable(ours.number(), Await.SECONDS * 1000)).isTrue();
      ByteBuffer value = Payload.allocate(Long.BYTES);
      assertThat(new FileDescriptor(ours.number()).read(value, 0, Long.BYTES)).isEqualTo(8);
      return value.getLong(0);
    }

    @Override
    public void close() {
      ours.close();
      theirs.close();
    }
  }

  private static void give(Guest guest, FrontendMessage type, int queue, OwnedFd fd)
      throws IOException {
    guest.frontend.tell(type, new VringFile(queue, true).encode(), fd);
    guest.sync();
  }

  private void use(Guest guest, Guest.Queue queue, OwnedFd kick) throws Exception {
    queue.driver.enableNotifications();
    guest.submit(queue, "once more");
    int unused = new FileDescriptor(kick.number()).write(Payload.u64(1), 0, Long.BYTES);
    Await.until("buffer used", () -> queue.driver.poll() >= 0);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPipeOrASocketNotifiesInBothDirections(boolean sockets) throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        Ends kick = sockets ? Ends.ofSocket() : Ends.ofPipe(true);
        Ends call = sockets ? Ends.ofSocket() : Ends.ofPipe(false)) {
      give(guest, FrontendMessage.SET_VRING_KICK, 0, kick.theirs);
      give(guest, FrontendMessage.SET_VRING_CALL, 0, call.theirs);
      Guest.Queue queue = guest.queues.get(0);
      for (int i = 0; i < 3; i++) {
        use(guest, queue, kick.ours);
        assertThat(call.receive()).isEqualTo(1);
      }
      // More kicks than fit, if nobody takes them out.
      for (int i = 0; i < 20_000; i++) {
        Await.until("room for a kick", () -> Descriptors.writable(kick.ours.number()));
        new FileDescriptor(kick.ours.number()).write(Payload.u64(1), 0, Long.BYTES);
      }
      use(guest, queue, kick.ours);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCallThatTheFrontendNeverTakesOrHasClosedHoldsUpNobody(boolean sockets) throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(backend.serve(device), 2);
        Ends call = sockets ? Ends.ofSocket() : Ends.ofPipe(false)) {
      Guest.Queue queue = guest.queues.get(0);
      give(guest, FrontendMessage.SET_VRING_CALL, 0, call.theirs);
      assertThat(Ends.fill(call.theirs)).isPositive();
      OpenFiles.makeBlocking(call.theirs);
      for (int i = 0; i < 3; i++) {
        use(guest, queue, queue.kick.fd());
      }
      guest.play(guest.queues.get(1));
      call.ours.close();
      for (int i = 0; i < 3; i++) {
        use(guest, queue, queue.kick.fd());
      }
      guest.play(guest.queues.get(1));
      neighbour.play(neighbour.queues.get(0));
    }
    assertThat(backend.logs().complaints()).isEmpty();
  }

  /** A splice() from a silent socket keeps the lock of the pipe until the socket speaks. */
  @Test
  void aPipeWhoseLockAPeerHoldsHoldsUpNobody() throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    OwnedFd[] silent = UnixSocket.pair();
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(backend.serve(device), 2);
        Ends call = Ends.ofPipe(false);
        Ends kick = Ends.ofPipe(true);
        Ends last = Ends.ofPipe(false);
        OwnedFd speaker = silent[0];
        OwnedFd listener = silent[1]) {
      OpenFiles.makeBlocking(listener);
      Guest.Queue queue = guest.queues.get(0);
      give(guest, FrontendMessage.SET_VRING_CALL, 0, call.theirs);
      give(guest, FrontendMessage.SET_VRING_KICK, 0, kick.theirs);
      give(guest, FrontendMessage.SET_VRING_ERR, 0, last.theirs);
      List<Thread> holders = new ArrayList<>();
      for (OwnedFd writing : List.of(call.theirs, kick.ours, last.theirs)) {
        OwnedFd again = OddFiles.reopened(writing);
        Thread holder =
            new Thread(
                () -> {
                  OpenFiles.splice(listener, again);
                  again.close();
                });
        holder.start();
        holders.add(holder);
        Await.until("in splice", () -> OpenFiles.isLocked(holder));
      }
      last.theirs.close(); // the backend's are the last now
      kick.theirs.close();
      for (int i = 0; i < 3; i++) {
        queue.driver.enableNotifications();
        guest.submit(queue, "held");
        guest.enable(queue, 1); // has the ring looked at without a kick
        Await.until("buffer used", () -> queue.driver.poll() >= 0);
      }
      guest.play(guest.queues.get(1));
      give(guest, FrontendMessage.SET_VRING_ERR, 0, guest.queues.get(0).error.fd());
      guest.stop(queue);
      guest.play(guest.queues.get(1));
      neighbour.play(neighbour.queues.get(0));
      speaker.close();
      for (Thread holder : holders) {
        holder.join();
      }
    }
  }

  /**
   * What the kernel drops on receipt it closes in the thread that receives, and the last close of a
   * pipe waits for its lock.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPipeThatNobodyTakesHoldsUpNobody(boolean tooMany) throws Exception {
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    Path path = backend.serve(device);
    OwnedFd[] silent = UnixSocket.pair();
    CountDownLatch sent = new CountDownLatch(1);
    try (Guest neighbour = Guest.running(other, 1);
        Guest guest = Guest.running(path, 1);
        Ends pipe = Ends.ofPipe(false);
        OwnedFd listener = silent[1];
        OwnedFd again = OddFiles.reopened(pipe.theirs);
        OwnedFd speaker = silent[0]) {
      OpenFiles.makeBlocking(listener);
      Thread holder = new Thread(() -> OpenFiles.splice(listener, again));
      holder.start();
      Await.until("in splice", () -> OpenFiles.isLocked(holder));
      List<OwnedFd> fds = new ArrayList<>();
      if (tooMany) {
        fds.addAll(Collections.nCopies(ScmSocket.MAX_FDS, guest.file));
      } else {
        guest.frontend.sendRaw(Payload.allocate(1));
        backend.settle();
      }
      fds.add(pipe.theirs);
      NativeTransport.newLoop(backend.vertx()).runOnContext(v -> await(sent));
      guest.frontend.sendRaw(Payload.allocate(1), fds.toArray(OwnedFd[]::new));
      pipe.theirs.close(); // the one on its way is the last now
      sent.countDown();
      neighbour.play(neighbour.queues.get(0));
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    } // the silent socket speaks first
    backend.assertServes(path, 1);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(Await.SECONDS, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
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
      long turns = counters.get(0).turns();
      backend.settle();
      assertThat(counters.get(0).turns()).isEqualTo(turns);
    }
  }
}
