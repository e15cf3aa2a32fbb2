package io.vhost4j.jcstress;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A ring with both of its sides, each with a mapping of its own of the same memory. Every state of
 * a test takes one and brings it into the position where the two sides race. Rings are made once
 * and taken in turn, as making one costs more than a race; there are many more of them than a test
 * has states at a time.
 */
final class Ring {
  private static final int COUNT = 2048;
  private static final int BYTES = 4096;
  private static final int SIZE = 2;
  private static final long BUFFERS = 2048;
  private static final int BUFFER_COUNT = 8;
  private static final int BUFFER_BYTES = 64;

  /** How often a side looks for a chain: it shall meet the other in the act of showing it. */
  private static final int LOOKS = 64;

  /** What {@link #take} and {@link #poll} say of a chain: none there, all of it, or part of it. */
  static final int NONE = 0;

  static final int WHOLE = 1;
  static final int STALE = 2;

  /** The rings of one set of features, made when the first is asked for. */
  private static final class Pool {
    private final Ring[] rings = new Ring[COUNT];
    private final AtomicInteger next = new AtomicInteger();

    Pool(long features) {
      for (int i = 0; i < COUNT; i++) {
        rings[i] = new Ring(features);
      }
    }

    Ring next() {
      return rings[next.getAndIncrement() & (COUNT - 1)];
    }
  }

  private static final class WithFlags {
    static final Pool POOL = new Pool(0);
  }

  private static final class WithEventIndex {
    static final Pool POOL = new Pool(RingFeatures.EVENT_IDX);
  }

  private final DriverQueue driver;
  private final SplitVirtqueue device;
  private final ByteBuffer buffers;
  private final long[] address = new long[2];
  private final int[] length = new int[2];

  /** Of the chain that goes round now; tells it from all chains before it. */
  private int number;

  private @Nullable DescriptorChain chain;

  private Ring(long features) {
    try (MemoryFile file = MemoryFile.create("vhost4j-jcstress", BYTES)) {
      MemoryRegion region = new MemoryRegion(0, BYTES, 0, 0);
      GuestMemory front = GuestMemory.map(List.of(region), file.fd());
      GuestMemory back = GuestMemory.map(List.of(region), file.fd());
      driver = DriverQueue.create(front, 0, SIZE, 0, features, 0);
      device = SplitVirtqueue.create(back, SIZE, driver.addresses(), features, 0);
      buffers = Objects.requireNonNull(front.slice(BUFFERS, BUFFER_COUNT * BUFFER_BYTES));
      add();
      takeChain();
      complete();
      device.needsNotification(); // the first one is told in any case
    } catch (Exception e) {
      throw new IllegalStateException("no ring", e);
    }
  }

  /** A ring whose device has nothing in flight and asks for no kicks, with or without EVENT_IDX. */
  static Ring idle(boolean eventIndex) {
    Ring ring = (eventIndex ? WithEventIndex.POOL : WithFlags.POOL).next();
    ring.settle();
    return ring;
  }

  /** A ring whose device holds a chain, and whose driver asks for no notification. */
  static Ring busy(boolean eventIndex) {
    Ring ring = idle(eventIndex);
    ring.add();
    ring.takeChain();
    return ring;
  }

  /** Finishes what the race before has left. */
  private void settle() {
    if (chain == null) {
      chain = next();
    }
    if (chain != null) {
      complete();
    }
    while (pollHead() >= 0) {}
    if (driver.inFlight() != 0 || device.inFlight() != 0) {
      throw new IllegalStateException("a chain was lost");
    }
    device.needsNotification();
    driver.needsKick();
    driver.disableNotifications();
    device.disableKicks();
  }

  /**
   * Makes a chain available: a buffer to read, which holds the chain's number, and one to write.
   */
  void add() {
    number++;
    int readable = number * 2 % BUFFER_COUNT;
    address[0] = BUFFERS + (long) readable * BUFFER_BYTES;
    address[1] = address[0] + BUFFER_BYTES;
    length[0] = Integer.BYTES;
    length[1] = Integer.BYTES + number % 32;
    buffers.putInt(readable * BUFFER_BYTES, number);
    driver.add(address, length, 1, 1);
    driver.publish();
  }

  /** Whether the device wants to be told of what was added. */
  boolean needsKick() {
    return driver.needsKick();
  }

  /** Whether there is a chain already of which the driver may not be told. */
  boolean enableNotifications() {
    return driver.enableNotifications();
  }

  /** Whether there is a chain already of which the device may not be told. */
  boolean enableKicks() {
    return device.enableKicks();
  }

  /** Whether the driver wants to be told of what was completed. */
  boolean needsNotification() {
    return device.needsNotification();
  }

  /** Takes the chain if it is there, and says how much of it. */
  int take() {
    DescriptorChain taken = null;
    for (int i = 0; i < LOOKS && taken == null; i++) {
      taken = next();
    }
    if (taken == null) {
      return NONE;
    }
    chain = taken;
    boolean isWhole =
        taken.reader().size() == Integer.BYTES
            && taken.writer().size() == Integer.BYTES + number % 32
            && taken.reader().readInt() == number;
    return isWhole ? WHOLE : STALE;
  }

  private void takeChain() {
    chain = Objects.requireNonNull(next());
  }

  /** Writes the number to the chain and gives it back, with a length that tells it from others. */
  void complete() {
    DescriptorChain taken = Objects.requireNonNull(chain);
    chain = null;
    taken.writer().writeInt(number);
    device.complete(taken, (int) taken.writer().size());
  }

  /** Takes the chain back if it is there, and says how much of it. */
  int poll() {
    int head = -1;
    for (int i = 0; i < LOOKS && head < 0; i++) {
      head = pollHead();
    }
    if (head < 0) {
      return NONE;
    }
    boolean isWhole =
        driver.usedLength() == Integer.BYTES + number % 32
            && buffers.getInt((number * 2 % BUFFER_COUNT + 1) * BUFFER_BYTES) == number;
    return isWhole ? WHOLE : STALE;
  }

  private @Nullable DescriptorChain next() {
    try {
      return device.next();
    } catch (VirtqueueException e) {
      throw new IllegalStateException(e);
    }
  }

  private int pollHead() {
    try {
      return driver.poll();
    } catch (VirtqueueException e) {
      throw new IllegalStateException(e);
    }
  }
}
