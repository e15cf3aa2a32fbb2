package io.vhost4j.vhostuser.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.EventFd;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A frontend with memory and drivers, which plays by the rules unless it is told otherwise. One
 * thread.
 *
 * <pre>
 *   guest address   user address
 *   0x10000         0x7000_0000    rings, 0x8000 bytes each
 *   0x10000+DATA    ...            a page of data for each queue: request, reply at 0x800
 * </pre>
 */
final class Guest implements AutoCloseable {
  static final String MEMORY_NAME = "guest-memory";
  static final long BASE = 0x10000;
  static final long USER = 0x7000_0000L;
  static final int MEMORY_SIZE = 8 << 20;
  static final int RING_BYTES = 0x8000;
  static final int DATA = 0x80000;
  static final int RING_SIZE = 16;
  static final long FEATURES =
      VirtioFeature.VERSION_1
          | VirtioFeature.INDIRECT_DESC
          | VirtioFeature.EVENT_IDX
          | VhostFeature.PROTOCOL_FEATURES;
  static final long PROTOCOL =
      ProtocolFeature.mask(
          ProtocolFeature.MQ,
          ProtocolFeature.REPLY_ACK,
          ProtocolFeature.BACKEND_REQ,
          ProtocolFeature.CONFIG,
          ProtocolFeature.RESET_DEVICE,
          ProtocolFeature.CONFIGURE_MEM_SLOTS);

  /** One queue of the guest. */
  static final class Queue {
    final int index;
    DriverQueue driver;
    EventFd kick = EventFd.create();
    EventFd call = EventFd.create();
    final EventFd error = EventFd.create();

    Queue(int index, DriverQueue driver) {
      this.index = index;
      this.driver = driver;
    }
  }

  final RawFrontend frontend;
  final OwnedFd file;
  final GuestMemory memory;
  final List<Queue> queues = new ArrayList<>();
  private long features;
  private int serial;

  Guest(RawFrontend frontend) throws Exception {
    this.frontend = frontend;
    file = new OwnedFd(MemoryCalls.createMemoryFile(MEMORY_NAME));
    MemoryCalls.truncate(file.number(), MEMORY_SIZE);
    memory = GuestMemory.map(List.of(region()), file.number());
  }

  Guest(Path path) throws Exception {
    this(new RawFrontend(path));
  }

  /** A guest whose queues run. */
  static Guest running(Path path, int queueCount) throws Exception {
    Guest guest = new Guest(path);
    guest.negotiate(FEATURES, PROTOCOL);
    guest.shareMemory();
    for (int i = 0; i < queueCount; i++) {
      guest.startQueue();
    }
    return guest;
  }

  /** A guest with one running queue, whose memory can never be truncated. */
  static Guest sealed(Path path) throws Exception {
    Guest guest = new Guest(path);
    MemoryCalls.sealAgainstShrinking(guest.file.number());
    guest.negotiate(FEATURES, PROTOCOL);
    guest.shareMemory();
    guest.startQueue();
    return guest;
  }

  static MemoryRegion region() {
    return new MemoryRegion(BASE, MEMORY_SIZE, USER, 0);
  }

  void negotiate(long virtioFeatures, long protocolFeatures) throws IOException {
    features = virtioFeatures;
    frontend.askU64(FrontendMessage.GET_FEATURES);
    if ((virtioFeatures & VhostFeature.PROTOCOL_FEATURES) != 0) {
      frontend.askU64(FrontendMessage.GET_PROTOCOL_FEATURES);
      frontend.tell(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(protocolFeatures));
    }
    frontend.tell(FrontendMessage.SET_OWNER, Payload.EMPTY);
    frontend.tell(FrontendMessage.SET_FEATURES, Payload.u64(virtioFeatures));
  }

  void shareMemory() throws IOException {
    frontend.tell(FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(List.of(region())), file);
  }

  /** Lays out the next queue in memory; the backend does not hear of it yet. */
  Queue addQueue(int base) {
    return addQueue(base, RING_SIZE);
  }

  Queue addQueue(int base, int size) {
    int index = queues.size();
    Queue queue = new Queue(index, newDriver(index, base, size));
    queues.add(queue);
    return queue;
  }

  /** The driver begins anew with an empty ring in the same place, as after a reboot. */
  void reboot(Queue queue) {
    queue.driver = newDriver(queue.index, 0, queue.driver.size());
  }

  private DriverQueue newDriver(int index, int base, int size) {
    return DriverQueue.create(memory, BASE + (long) RING_BYTES * index, size, 4, features, base);
  }

  /** Lays out the next queue at index 0, starts and enables it. */
  Queue startQueue() throws IOException {
    Queue queue = addQueue(0);
    start(queue, true);
    return queue;
  }

  /** Starts a queue, in QEMU's order (C6). */
  void start(Queue queue, boolean enable) throws IOException {
    start(queue, queue.driver.startIndex(), enable);
  }

  void start(Queue queue, int base, boolean enable) throws IOException {
    setUp(queue, base);
    kick(queue, queue.kick);
    call(queue, queue.call);
    error(queue);
    if (enable) {
      enable(queue, 1);
    }
  }

  void setUp(Queue queue, int base) throws IOException {
    frontend.tell(FrontendMessage.SET_VRING_NUM, state(queue, queue.driver.size()));
    frontend.tell(FrontendMessage.SET_VRING_BASE, state(queue, base));
    frontend.tell(FrontendMessage.SET_VRING_ADDR, addresses(queue));
  }

  static ByteBuffer state(Queue queue, int number) {
    return new VringState(queue.index, number).encode();
  }

  static ByteBuffer addresses(Queue queue) {
    VringAddresses at = queue.driver.addresses();
    return new VringAddress(queue.index, 0, at.descriptorTable(), at.usedRing(), at.availRing(), 0)
        .encode();
  }

  void kick(Queue queue, EventFd fd) throws IOException {
    frontend.tell(
        FrontendMessage.SET_VRING_KICK, new VringFile(queue.index, true).encode(), fd.fd());
  }

  void call(Queue queue, EventFd fd) throws IOException {
    frontend.tell(
        FrontendMessage.SET_VRING_CALL, new VringFile(queue.index, true).encode(), fd.fd());
  }

  void error(Queue queue) throws IOException {
    frontend.tell(
        FrontendMessage.SET_VRING_ERR, new VringFile(queue.index, true).encode(), queue.error.fd());
  }

  void enable(Queue queue, int value) throws IOException {
    frontend.tell(FrontendMessage.SET_VRING_ENABLE, state(queue, value));
  }

  void driverOk() throws IOException {
    status(
        DeviceStatus.ACKNOWLEDGE
            | DeviceStatus.DRIVER
            | DeviceStatus.FEATURES_OK
            | DeviceStatus.DRIVER_OK);
  }

  void status(int value) throws IOException {
    frontend.tell(FrontendMessage.SET_STATUS, Payload.u64(value));
  }

  /** GET_VRING_BASE. */
  int stop(Queue queue) throws IOException {
    return VringState.read(frontend.ask(FrontendMessage.GET_VRING_BASE, state(queue, 0)).payload())
        .num();
  }

  /** Waits until the backend has obeyed everything so far (C8). */
  void sync() throws IOException {
    frontend.askU64(FrontendMessage.GET_FEATURES);
  }

  /** Where the data of a queue lies, as a guest address. */
  static long request(int index) {
    return BASE + DATA + 0x1000L * index;
  }

  static long reply(int index) {
    return request(index) + 0x800;
  }

  /** Adds a buffer of one readable and one writable part, without kicking. */
  int submit(Queue queue, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    memory.write(request(queue.index), ByteBuffer.wrap(bytes));
    memory.write(reply(queue.index), ByteBuffer.wrap(new byte[bytes.length]));
    int head =
        queue.driver.add(
            new long[] {request(queue.index), reply(queue.index)},
            new int[] {bytes.length, bytes.length},
            1,
            1);
    queue.driver.publish();
    return head;
  }

  /** Kicks if the device wants it. */
  void announce(Queue queue) {
    if (queue.driver.needsKick()) {
      queue.kick.signal();
    }
  }

  /** Waits for a buffer to come back, woken by nothing but the call eventfd. */
  int awaitUsed(Queue queue) throws Exception {
    long end = System.nanoTime() + Await.SECONDS * 1_000_000_000L;
    while (true) {
      boolean more = queue.driver.enableNotifications();
      int head = queue.driver.poll();
      if (head >= 0) {
        return head;
      }
      if (!more && !queue.call.await(Await.SECONDS * 1000)) {
        throw new AssertionError("queue " + queue.index + " was not called");
      }
      queue.call.drain();
      if (System.nanoTime() > end) {
        throw new AssertionError("queue " + queue.index + " was called for nothing");
      }
    }
  }

  /** Sends text through a queue and returns what came back. */
  String echo(Queue queue, String text) throws Exception {
    submit(queue, text);
    announce(queue);
    awaitUsed(queue);
    byte[] bytes = new byte[(int) queue.driver.usedLength()];
    memory.read(reply(queue.index), ByteBuffer.wrap(bytes));
    return new String(bytes, UTF_8);
  }

  /** Sends something new through the queue and checks that it comes back. */
  void play(Queue queue) throws Exception {
    String text = "queue " + queue.index + ", buffer " + serial++;
    String back = echo(queue, text);
    if (!back.equals(text)) {
      throw new AssertionError("'" + text + "' came back as '" + back + "'");
    }
  }

  @Override
  public void close() {
    frontend.close();
    file.close();
    memory.release();
    for (Queue queue : queues) {
      queue.kick.close();
      queue.call.close();
      queue.error.close();
    }
  }
}
