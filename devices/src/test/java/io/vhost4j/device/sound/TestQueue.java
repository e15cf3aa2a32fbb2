package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One virtqueue with its driver on one side and the device's handler on the other. */
final class TestQueue implements DeviceQueue {
  private static final long FEATURES = RingFeatures.INDIRECT_DESC | RingFeatures.EVENT_IDX;
  private static final int TABLE = 1024;

  /** A buffer that came back. */
  static final class Used {
    private final int head;
    private final long length;
    private final byte[] writable;

    Used(int head, long length, byte[] writable) {
      this.head = head;
      this.length = length;
      this.writable = writable;
    }

    int head() {
      return head;
    }

    /** What the used ring says was written, in bytes. */
    long length() {
      return length;
    }

    /** The writable part as it is now. */
    byte[] writable() {
      return writable;
    }

    /** The le32 at an offset of the writable part. */
    int word(int offset) {
      return ByteBuffer.wrap(writable).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
    }

    /** The first word: a status on the control queue. */
    int status() {
      return word(0);
    }

    /** The status of an I/O message, in the last 8 writable bytes. */
    int ioStatus() {
      return word(writable.length - 8);
    }

    int latency() {
      return word(writable.length - 4);
    }
  }

  private record Piece(long address, int length) {}

  private final int index;
  private final QueueHandler handler;
  private final GuestMemory memory;
  private final long start;
  private final long bufferStart;
  private final long bufferEnd;
  private final Map<Integer, List<Piece>> writable = new HashMap<>();

  private @Nullable SplitVirtqueue ring;
  private boolean running;
  private boolean sawEmpty;
  private DriverQueue driver;
  private int base;
  private long nextBuffer;

  /** Called for each buffer that the device returns, just after. */
  Runnable onComplete = () -> {};

  /** Notifications that reached the driver. */
  int notifications;

  /** Buffers that the device gets at most from now on, as a turn of the engine has an end. */
  int takesAtMost = Integer.MAX_VALUE;

  /** Buffers that the device has left in the ring when it stopped. */
  int leftInRing;

  /** Buffers that the device has returned since the start, in their order. */
  final List<Used> used = new ArrayList<>();

  TestQueue(int index, QueueHandler handler, GuestMemory memory, long start, long end, int size) {
    this.index = index;
    this.handler = handler;
    this.memory = memory;
    this.start = start;
    this.base = 65530;
    this.driver = DriverQueue.create(memory, start, size, TABLE, FEATURES, base);
    this.bufferStart = start + ringBytes(size);
    this.bufferEnd = end;
    this.nextBuffer = bufferStart;
  }

  /** Bytes of a ring and its tables, in whole pages. */
  static long ringBytes(int size) {
    return (DriverQueue.bytesNeeded(size, TABLE) + 4095L) & -4096L;
  }

  /** The driver begins anew with an empty ring, as it does after a reset of the device. */
  void reset() {
    base = 0;
    driver = DriverQueue.create(memory, start, driver.size(), TABLE, FEATURES, base);
    writable.clear();
  }

  void start() throws VirtqueueException {
    ring = SplitVirtqueue.create(memory, driver.size(), driver.addresses(), FEATURES, base);
    running = true;
    boolean unused = ring.enableKicks();
    handler.started(this);
    kick();
  }

  /** What the engine does at GET_VRING_BASE. */
  Future<Void> stop() {
    running = false;
    return handler
        .stop(this)
        .onSuccess(
            stopped -> {
              flush();
              base = ring().nextAvail();
              if (ring().inFlight() != 0) {
                throw new AssertionError(ring().inFlight() + " chains were kept");
              }
              ring().close();
            });
  }

  private SplitVirtqueue ring() {
    return Objects.requireNonNull(ring);
  }

  boolean isRunning() {
    return running;
  }

  /** What the engine does at a kick. */
  void kick() throws VirtqueueException {
    do {
      ring().disableKicks();
      sawEmpty = false;
      handler.available(this);
      flush();
    } while (ring().enableKicks() && sawEmpty);
  }

  /**
   * Adds a buffer without a kick, in pieces of so many bytes that do not touch each other.
   *
   * @return its head
   */
  int add(byte[] readable, int writableBytes, int pieceBytes) {
    List<Piece> out = cut(readable.length, pieceBytes);
    List<Piece> in = cut(writableBytes, pieceBytes);
    int done = 0;
    for (Piece piece : out) {
      memory.write(piece.address, ByteBuffer.wrap(readable, done, piece.length));
      done += piece.length;
    }
    List<Piece> all = new ArrayList<>(out);
    all.addAll(in);
    long[] addresses = all.stream().mapToLong(Piece::address).toArray();
    int[] lengths = all.stream().mapToInt(Piece::length).toArray();
    int head =
        all.size() > driver.freeDescriptors() || all.size() > 8
            ? driver.addIndirect(addresses, lengths, out.size(), in.size())
            : driver.add(addresses, lengths, out.size(), in.size());
    if (head < 0) {
      throw new AssertionError("the ring is full");
    }
    writable.put(head, in);
    driver.publish();
    return head;
  }

  /** Adds a buffer in one readable and one writable piece, and kicks. */
  int send(byte[] readable, int writableBytes) throws VirtqueueException {
    return send(readable, writableBytes, Integer.MAX_VALUE);
  }

  int send(byte[] readable, int writableBytes, int pieceBytes) throws VirtqueueException {
    int head = add(readable, writableBytes, pieceBytes);
    kick();
    return head;
  }

  private List<Piece> cut(int bytes, int pieceBytes) {
    List<Piece> pieces = new ArrayList<>();
    for (int rest = bytes; rest > 0; ) {
      int length = Math.min(rest, pieceBytes);
      if (nextBuffer + length + 1 > bufferEnd) {
        nextBuffer = bufferStart;
      }
      pieces.add(new Piece(nextBuffer, length));
      nextBuffer += length + 1;
      rest -= length;
    }
    return pieces;
  }

  /** Takes what the device has returned into {@link #used}. */
  void collect() {
    try {
      for (int head = driver.poll(); head >= 0; head = driver.poll()) {
        List<Piece> pieces = Objects.requireNonNull(writable.remove(head));
        int size = pieces.stream().mapToInt(Piece::length).sum();
        ByteBuffer bytes = ByteBuffer.allocate(size);
        try {
          for (Piece piece : pieces) {
            bytes.limit(bytes.position() + piece.length);
            memory.read(piece.address, bytes);
          }
          memory.deliverFaults();
        } catch (InternalError e) {
          // A test has cut the memory short.
        }
        used.add(new Used(head, driver.usedLength(), bytes.array()));
      }
    } catch (VirtqueueException e) {
      throw new AssertionError(e);
    }
  }

  int driverInFlight() {
    return driver.inFlight();
  }

  @Override
  public int index() {
    return index;
  }

  @Override
  public void flush() {
    if (ring().needsNotification()) {
      notifications++;
      boolean unused = driver.enableNotifications();
    }
    collect();
    boolean unused = driver.enableNotifications();
    ring().deliverFaults();
  }

  @Override
  public int size() {
    return ring().size();
  }

  @Override
  public @Nullable DescriptorChain next() throws VirtqueueException {
    if (!running) {
      throw new AssertionError("the device looks at a ring that has stopped");
    }
    if (takesAtMost-- <= 0) {
      return null;
    }
    DescriptorChain chain = ring().next();
    sawEmpty = chain == null;
    return chain;
  }

  @Override
  public void complete(DescriptorChain chain, int written) {
    ring().complete(chain, written);
    ring().deliverFaults();
    onComplete.run();
  }

  @Override
  public boolean putBack(DescriptorChain chain) {
    if (running) {
      throw new AssertionError("the device puts a buffer back into a ring that runs");
    }
    boolean done = ring().putBack(chain);
    leftInRing += done ? 1 : 0;
    return done;
  }

  @Override
  public int inFlight() {
    return ring().inFlight();
  }
}
