package io.vhost4j.device.queue;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A real ring with a driver at its other end; serves a handler as the engine does. */
final class TestRing implements DeviceQueue, AutoCloseable {
  private static final long FEATURES = RingFeatures.EVENT_IDX;
  private static final long BUFFERS = 1 << 16;
  private static final int BUFFER_BYTES = 1 << 12;
  private static final long SPARE_BYTES = 1 << 18;

  /** A buffer that has come back. */
  static final class Used {
    private final byte[] writable;
    private final int length;

    Used(byte[] writable, int length) {
      this.writable = writable;
      this.length = length;
    }

    /** What the used ring says was written, in bytes. */
    int length() {
      return length;
    }

    /** The whole writable part. */
    byte[] writable() {
      return writable;
    }

    /** What was written. */
    byte[] bytes() {
      return Arrays.copyOf(writable, length);
    }
  }

  private record Piece(long address, int length) {}

  private final MemoryFile file;
  private final GuestMemory memory;
  private final DriverQueue driver;
  private final QueueHandler handler;
  private final Map<Integer, List<Piece>> sent = new HashMap<>();
  private final Map<Integer, Integer> places = new HashMap<>();
  private @Nullable SplitVirtqueue ring;
  private int base = 65530;
  private boolean running;
  private boolean inTurn;
  private boolean sawEmpty;
  private int nextBuffer;

  /** Buffers that came back. */
  final List<Used> used = new ArrayList<>();

  /** Buffers that the handler gets at most in a turn. */
  int takesAtMost = Integer.MAX_VALUE;

  /** Batches that the handler has told the driver of by itself. */
  int flushes;

  private int taken;

  private final long[] leanAddresses = {BUFFERS, BUFFERS + BUFFER_BYTES};
  private final int[] leanLengths = new int[2];

  /** Buffers of {@link #sendLean} that came back. */
  int leanBack;

  private boolean lean;

  TestRing(int size, QueueHandler handler) throws Exception {
    file =
        MemoryFile.create("vhost4j-shapes", BUFFERS + (long) BUFFER_BYTES * 2 * size + SPARE_BYTES);
    memory = GuestMemory.map(List.of(new MemoryRegion(0, file.size(), 0, 0)), file.fd());
    driver = DriverQueue.create(memory, 0, size, 0, FEATURES, base);
    this.handler = handler;
  }

  void start() throws VirtqueueException {
    ring = SplitVirtqueue.create(memory, driver.size(), driver.addresses(), FEATURES, base);
    running = true;
    handler.started(this);
    turn();
  }

  /** As at GET_VRING_BASE; the future has completed when the ring is closed. */
  Future<Void> stop() {
    running = false;
    return handler
        .stop(this)
        .onSuccess(
            stopped -> {
              if (inFlight() != 0) {
                throw new AssertionError(inFlight() + " chains were kept");
              }
              base = ring().nextAvail();
              ring().close();
            });
  }

  /** As at a kick. */
  void turn() throws VirtqueueException {
    inTurn = true;
    boolean more;
    do {
      ring().disableKicks();
      sawEmpty = false;
      taken = 0;
      handler.available(this);
      more = ring().enableKicks();
    } while (more && sawEmpty);
    inTurn = false;
    collect();
  }

  /** Adds a buffer and kicks. */
  void send(byte[] readable, int writable) throws VirtqueueException {
    send(readable, writable, BUFFER_BYTES);
  }

  /** Adds a buffer in descriptors of so many bytes, and kicks. */
  void send(byte[] readable, int writable, int pieceBytes) throws VirtqueueException {
    add(readable, writable, pieceBytes);
    turn();
  }

  /** Adds a buffer and kicks, and only counts what comes back: allocates nothing itself. */
  void sendLean(int readable, int writable) throws VirtqueueException {
    lean = true;
    leanLengths[0] = readable == 0 ? writable : readable;
    leanLengths[1] = writable;
    if (driver.add(leanAddresses, leanLengths, readable == 0 ? 0 : 1, writable == 0 ? 0 : 1) < 0) {
      throw new AssertionError("the ring is full");
    }
    driver.publish();
    turn();
  }

  /** Adds a buffer without a kick. */
  void add(byte[] readable, int writable, int pieceBytes) {
    List<Piece> all = new ArrayList<>();
    int place = freePlace();
    long at = BUFFERS + (long) BUFFER_BYTES * place;
    at = cut(all, at, readable, pieceBytes);
    int out = all.size();
    byte[] old = new byte[writable];
    Arrays.fill(old, (byte) 0x55);
    cut(all, at, old, pieceBytes);
    long[] addresses = all.stream().mapToLong(Piece::address).toArray();
    int[] lengths = all.stream().mapToInt(Piece::length).toArray();
    int head = driver.add(addresses, lengths, out, all.size() - out);
    if (head < 0) {
      throw new AssertionError("the ring is full");
    }
    sent.put(head, all.subList(out, all.size()));
    places.put(head, place);
    driver.publish();
  }

  /** The next one in turn whose buffer is back: a device may hold one while many others pass. */
  private int freePlace() {
    int place;
    do {
      place = nextBuffer++ % (2 * driver.size());
    } while (places.containsValue(place));
    return place;
  }

  /** Puts bytes into memory, in pieces that do not touch each other; returns where they end. */
  private long cut(List<Piece> pieces, long address, byte[] bytes, int pieceBytes) {
    long at = address;
    for (int done = 0; done < bytes.length; ) {
      int length = Math.min(pieceBytes, bytes.length - done);
      memory.write(at, ByteBuffer.wrap(bytes, done, length));
      pieces.add(new Piece(at, length));
      done += length;
      at += length + 1;
    }
    return at;
  }

  /** The guest changes all that was in its buffers. */
  void overwrite() {
    memory.write(BUFFERS, ByteBuffer.allocate((int) (file.size() - BUFFERS)));
  }

  int free() {
    return driver.freeDescriptors();
  }

  /** Buffers that the driver has given and not got back. */
  int driverInFlight() {
    return driver.inFlight();
  }

  private void collect() {
    try {
      for (int head = driver.poll(); head >= 0; head = driver.poll()) {
        if (lean) {
          leanBack++;
          continue;
        }
        List<Piece> pieces = Objects.requireNonNull(sent.remove(head));
        places.remove(head);
        ByteBuffer bytes = ByteBuffer.allocate(pieces.stream().mapToInt(Piece::length).sum());
        for (Piece piece : pieces) {
          memory.read(piece.address, bytes.limit(bytes.position() + piece.length));
        }
        used.add(new Used(bytes.array(), (int) driver.usedLength()));
      }
    } catch (VirtqueueException e) {
      throw new AssertionError(e);
    }
  }

  private SplitVirtqueue ring() {
    return Objects.requireNonNull(ring);
  }

  @Override
  public int index() {
    return 0;
  }

  @Override
  public void flush() {
    flushes++;
    collect();
  }

  @Override
  public boolean putBack(DescriptorChain chain) {
    if (running) {
      throw new AssertionError("put back into a ring that runs");
    }
    return ring().putBack(chain);
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
    if (taken++ >= takesAtMost) {
      return null;
    }
    DescriptorChain chain = ring().next();
    if (chain == null && !inTurn) {
      chain = ring().enableKicks() ? ring().next() : null;
    }
    sawEmpty |= chain == null;
    return chain;
  }

  @Override
  public void complete(DescriptorChain chain, int written) {
    ring().complete(chain, written);
  }

  @Override
  public int inFlight() {
    return ring().inFlight();
  }

  @Override
  public void close() throws IOException {
    if (ring != null) {
      ring.close();
    }
    memory.release();
    file.close();
  }
}
