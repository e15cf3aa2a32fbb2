package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.WideSocket;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageType;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.PayloadKind;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Messages that are wrong: refused where the frontend listens, the end of the connection where it
 * does not; no descriptor is kept and the next connection works.
 */
@Tag("long")
class ProtocolGarbageTest {
  private static final int NEED_REPLY = MessageHeader.VERSION | MessageHeader.FLAG_NEED_REPLY;

  /** A message; descriptors are eventfds, unless it is about memory. */
  record Bad(String what, int request, ByteBuffer payload, int descriptors) {
    boolean hasReplyOfItsOwn() {
      FrontendMessage type = FrontendMessage.of(request);
      return type != null && type.reply() != null;
    }

    /** Which end the connection at once, whoever waits for an answer. */
    boolean hasSurplusDescriptors() {
      return descriptors > MessageType.fdLimit(FrontendMessage.of(request));
    }

    @Override
    public String toString() {
      return what;
    }
  }

  private static Bad bad(String what, FrontendMessage type, ByteBuffer payload, int descriptors) {
    return new Bad(type + ": " + what, type.id(), payload, descriptors);
  }

  static Stream<Bad> wrongMessages() {
    List<Bad> all = new ArrayList<>();
    for (int id : new int[] {0, 46, 1000, -1, Integer.MIN_VALUE}) {
      all.add(new Bad("unknown message " + id, id, Payload.EMPTY, 0));
      all.add(new Bad("unknown message " + id + " with cargo", id, Payload.allocate(100), 3));
    }
    for (FrontendMessage type : FrontendMessage.values()) {
      addWrongSizes(all, type);
      addWrongDescriptors(all, type);
    }
    addAbsurdCounts(all);
    addValuesOutOfRange(all);
    return all.stream();
  }

  private static void addWrongSizes(List<Bad> all, FrontendMessage type) {
    if (type.payload() == PayloadKind.CRYPTO_SESSION) {
      return;
    }
    int size = type.payload().size();
    int[] sizes = size == 0 ? new int[] {1, 8} : new int[] {0, size - 1, size + 1, 4096};
    for (int wrong : sizes) {
      if (wrong != 0 || type.payload() != PayloadKind.UUID) {
        all.add(bad(wrong + " bytes", type, Payload.allocate(wrong), type.minFds()));
      }
    }
  }

  private static void addWrongDescriptors(List<Bad> all, FrontendMessage type) {
    ByteBuffer payload = Payload.allocate(type.payload().size());
    if (type.minFds() > 0) {
      all.add(bad("no descriptor", type, payload, 0));
    }
    all.add(bad("surplus descriptor", type, payload, type.maxFds() + 1));
    all.add(bad("as many descriptors as can be sent", type, payload, WideSocket.MAX_FDS));
  }

  private static void addAbsurdCounts(List<Bad> all) {
    FrontendMessage table = FrontendMessage.SET_MEM_TABLE;
    for (int count : new int[] {-1, Integer.MIN_VALUE, 0x1000_0000, 128, 33, 2}) {
      all.add(
          bad(count + " regions, room for one", table, Payload.allocate(40).putInt(0, count), 1));
    }
    List<MemoryRegion> many = new ArrayList<>();
    for (int i = 0; i < 33; i++) {
      many.add(new MemoryRegion(0x10000L * i, 4096, 0x10000L * i, 0));
    }
    all.add(bad("33 regions", table, MemoryTable.encode(many), 33));
    MemoryRegion region = Guest.region();
    all.add(bad("two regions, one file", table, MemoryTable.encode(List.of(region, region)), 1));
    all.add(bad("one region, two files", table, MemoryTable.encode(List.of(region)), 2));
    all.add(bad("overlap", table, MemoryTable.encode(List.of(region, region)), 2));
    for (MemoryRegion impossible :
        List.of(
            new MemoryRegion(0, 0, 0, 0),
            new MemoryRegion(0, -1, 0, 0),
            new MemoryRegion(0, Guest.MEMORY_SIZE + 1, 0, 0),
            new MemoryRegion(0, Guest.MEMORY_SIZE, 0, 1),
            new MemoryRegion(0, 4096, 0, -4096),
            new MemoryRegion(0, 4096, 0, Long.MAX_VALUE),
            new MemoryRegion(-4096, 8192, 0, 0),
            new MemoryRegion(0, 8192, -4096, 0),
            new MemoryRegion(0, Long.MAX_VALUE, 0, 0),
            new MemoryRegion(0, Long.MIN_VALUE, 0, 0))) {
      all.add(bad("" + impossible, table, MemoryTable.encode(List.of(impossible)), 1));
      all.add(
          bad(
              "" + impossible,
              FrontendMessage.ADD_MEM_REG,
              MemoryTable.encodeSingle(impossible),
              1));
    }
    ByteBuffer config = new ConfigSpace(0, 0, ByteBuffer.allocate(16)).encode();
    for (int size : new int[] {-1, 0, 15, 17, Integer.MAX_VALUE}) {
      ByteBuffer lying = Payload.allocate(config.remaining()).put(config.duplicate()).flip();
      all.add(bad("size " + size, FrontendMessage.GET_CONFIG, lying.putInt(4, size), 0));
      all.add(bad("size " + size, FrontendMessage.SET_CONFIG, lying, 0));
    }
  }

  private static void addValuesOutOfRange(List<Bad> all) {
    for (int index : new int[] {1, 2, 255, -1}) {
      ByteBuffer state = new VringState(index, 1).encode();
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_NUM, state, 0));
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_BASE, state, 0));
      all.add(bad("queue " + index, FrontendMessage.GET_VRING_BASE, state, 0));
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_ENABLE, state, 0));
      ByteBuffer address = Payload.allocate(40).putInt(0, index);
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_ADDR, address, 0));
      ByteBuffer file = new VringFile(index, true).encode();
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_KICK, file, 1));
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_CALL, file, 1));
      all.add(bad("queue " + index, FrontendMessage.SET_VRING_ERR, file, 1));
    }
    for (FrontendMessage type :
        List.of(
            FrontendMessage.SET_VRING_KICK,
            FrontendMessage.SET_VRING_CALL,
            FrontendMessage.SET_VRING_ERR)) {
      all.add(bad("says it has one", type, new VringFile(0, true).encode(), 0));
      all.add(bad("says it has none", type, new VringFile(0, false).encode(), 1));
    }
    ByteBuffer zeros = Payload.allocate(40);
    all.add(bad("addresses of nothing", FrontendMessage.SET_VRING_ADDR, zeros, 0));
    all.add(bad("all bits", FrontendMessage.SET_FEATURES, Payload.u64(-1), 0));
    all.add(bad("all bits", FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(-1), 0));
  }

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE);

  private static OwnedFd[] descriptors(Bad bad) throws Exception {
    OwnedFd[] fds = new OwnedFd[bad.descriptors];
    for (int i = 0; i < fds.length; i++) {
      boolean isMemory =
          bad.request == FrontendMessage.SET_MEM_TABLE.id()
              || bad.request == FrontendMessage.ADD_MEM_REG.id();
      fds[i] = isMemory ? OddFiles.memory(Guest.MEMORY_SIZE) : OddFiles.eventFd();
    }
    return fds;
  }

  private static void send(Guest guest, int flags, Bad bad) throws Exception {
    OwnedFd[] fds = descriptors(bad);
    ByteBuffer payload = bad.payload;
    guest.frontend.send(bad.request, flags, payload.remaining(), payload, fds);
    for (OwnedFd fd : fds) {
      fd.close();
    }
  }

  /** A line for each thing that was wrong; that of a hang-up comes a moment later. */
  private void assertComplaints(int count) throws Exception {
    Await.eventually(backend.logs()::complaints, lines -> assertThat(lines).hasSize(count));
  }

  /** E2, E5 to E9. */
  @ParameterizedTest
  @MethodSource("wrongMessages")
  void aWrongMessageIsRefusedOrEndsTheConnection(Bad bad) throws Exception {
    Path path = backend.serve(device);
    try (Guest guest = Guest.running(path, 1)) {
      guest.play(guest.queues.get(0));
      send(guest, MessageHeader.VERSION, bad);
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    }
    assertComplaints(1);
    try (Guest guest = Guest.running(path, 1)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.sync();
      Resources before = Resources.held();
      send(guest, NEED_REPLY, bad);
      if (bad.hasReplyOfItsOwn() || bad.hasSurplusDescriptors()) {
        assertThat(guest.frontend.isHungUpOn()).isTrue();
      } else {
        RawFrontend.Reply reply = guest.frontend.receive();
        assertThat(reply.header()).isEqualTo(new MessageHeader(bad.request, 5, 8));
        assertThat(reply.u64()).isNotZero();
        // The reply goes out before the descriptors are closed.
        Await.eventually(Resources::held, now -> now.assertNoMoreThan(before));
        guest.play(queue);
      }
    }
    assertComplaints(2);
    assertThat(backend.logs().stackTraces()).isEmpty();
    backend.assertServes(path, 1);
  }

  @Test
  void headersThatLeaveNothingToReadEndTheConnectionC3E4() throws Exception {
    Path path = backend.serve(device);
    int id = FrontendMessage.SET_MEM_TABLE.id();
    int[][] headers = {
      {id, 0, 0}, // version
      {id, 2, 0},
      {id, 3, 0},
      {id, 5, 0}, // a reply
      {id, 5 | 8, 0},
      {id, 1, 4097}, // size
      {id, 1, -1},
      {id, 1, Integer.MIN_VALUE}
    };
    for (int[] header : headers) {
      try (RawFrontend frontend = new RawFrontend(path);
          OwnedFd fd = OddFiles.eventFd()) {
        frontend.send(header[0], header[1], header[2], Payload.EMPTY, fd, fd);
        assertThat(frontend.isHungUpOn()).isTrue();
      }
    }
    assertComplaints(headers.length);
    assertThat(backend.logs().complaints())
        .allMatch(line -> line.contains("disconnected: message "));
    backend.assertServes(path, 1);
  }

  @Test
  void truncatedMessagesAndTheirDescriptorsAreDropped() throws Exception {
    Path path = backend.serve(device);
    ByteBuffer message = Payload.allocate(MessageHeader.SIZE + 40);
    new MessageHeader(FrontendMessage.SET_MEM_TABLE.id(), 1, 40).write(message);
    message.putInt(MessageHeader.SIZE, 1);
    for (int length = 1; length < message.capacity(); length += 3) {
      try (RawFrontend frontend = new RawFrontend(path);
          OwnedFd fd = OddFiles.memory(4096)) {
        frontend.sendRaw(message.duplicate().order(message.order()).limit(length), fd);
      }
    }
    backend.assertServes(path, 1);
  }

  @Test
  void moreDescriptorsThanCanBeReceivedEndTheConnectionC1() throws Exception {
    Path path = backend.serve(device);
    try (RawFrontend frontend = new RawFrontend(path);
        OwnedFd fd = OddFiles.eventFd()) {
      ByteBuffer header = Payload.allocate(MessageHeader.SIZE);
      new MessageHeader(FrontendMessage.SET_MEM_TABLE.id(), 1, 40).write(header);
      WideSocket.of(frontend.fd()).send(header, Collections.nCopies(200, fd));
      assertThat(frontend.isHungUpOn()).isTrue();
    }
    backend.assertServes(path, 1);
  }

  @Test
  void whatAFrontendHasRefusedIsLoggedOnlySoOften() throws Exception {
    Path path = backend.serve(device);
    try (Guest guest = Guest.running(path, 1)) {
      for (int i = 0; i < 1000; i++) {
        assertThat(guest.frontend.acked(FrontendMessage.SET_FEATURES, Payload.u64(-1))).isNotZero();
      }
      guest.play(guest.queues.get(0));
    }
    assertComplaints(10);
    backend.assertServes(path, 1);
  }

  @Test
  void aFrontendThatNeverReadsIsHungUpOn() throws Exception {
    Path path = backend.serve(device);
    try (RawFrontend frontend = new RawFrontend(path)) {
      ByteBuffer requests = Payload.allocate(1000 * MessageHeader.SIZE);
      MessageHeader header = new MessageHeader(FrontendMessage.GET_FEATURES.id(), 1, 0);
      for (int i = 0; i < 1000; i++) {
        header.write(requests.slice(i * MessageHeader.SIZE, 12).order(requests.order()));
      }
      Await.until(
          "the backend gives up",
          () -> {
            try {
              frontend.sendRaw(requests.rewind());
              return false;
            } catch (IOException e) {
              return true;
            }
          });
    }
    assertComplaints(1);
    assertThat(backend.logs().complaints().get(0)).contains("peer does not read");
    backend.assertServes(path, 1);
  }
}
