package io.vhost4j.loopback;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import io.vhost4j.virtqueue.VringAddresses;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A driver's ring, of which who serves it sees the descriptors, and copies of the avail and the
 * used ring. So it is known at any time which buffers are in flight, and they can be failed when
 * nobody serves them any more: a driver would wait for them for ever, even when its device is
 * unplugged.
 *
 * <p>Buffers go back to the driver in the order in which they came. Those in flight are then the
 * last ones of the driver's avail ring, whatever was in this process when it died, and the next one
 * can fail them too.
 *
 * <p>Without VIRTIO_F_EVENT_IDX. Event loop only.
 */
final class MirroredRing {
  /** From one queue's copies to the next. */
  static final int MIRROR_BYTES = 16 << 10;

  private static final int MIRROR_OF_USED = 4096;
  private static final int INDEX = 2;
  private static final int ENTRIES = 4;
  private static final int NO_INTERRUPT = 1;
  private static final byte FAILED = (byte) 0xff;

  /** In {@link #written}: the driver has the buffer. */
  private static final int ABSENT = -1;

  /** In {@link #written}: who serves the queue has it. */
  private static final int PENDING = -2;

  private final int size;
  private final ByteBuffer driverAvail;
  private final ByteBuffer driverUsed;
  private final ByteBuffer avail;
  private final ByteBuffer used;

  /** By head: the length that came back, from 0 on, or that it has not. */
  private final long[] written;

  // Indices modulo 65536: of the driver's avail ring, of the copied used ring, of the driver's.
  private int seen;
  private int taken;
  private int returned;

  /**
   * @param size number of descriptors, up to 1024
   * @param driverAvail what the driver has set up; zero, if it is new
   * @param mirror {@link #MIRROR_BYTES} for the copies
   */
  MirroredRing(int size, ByteBuffer driverAvail, ByteBuffer driverUsed, ByteBuffer mirror) {
    this.size = size;
    this.driverAvail = driverAvail;
    this.driverUsed = driverUsed;
    this.avail = mirror.slice(0, MIRROR_OF_USED).order(mirror.order());
    this.used = mirror.slice(MIRROR_OF_USED, MIRROR_BYTES - MIRROR_OF_USED).order(mirror.order());
    this.written = new long[size];
    Arrays.fill(written, ABSENT);
    this.avail.putInt(0, 0);
    this.used.putInt(0, 0);
  }

  /** Where the copies are, from an address of the first one of all queues on. */
  static CardNode.Place place(int index, int size, long descriptors, long mirrors) {
    long mirror = mirrors + (long) index * MIRROR_BYTES;
    return new CardNode.Place(size, descriptors, mirror, mirror + MIRROR_OF_USED);
  }

  private static int index(ByteBuffer ring) {
    return Short.toUnsignedInt(ring.getShort(INDEX));
  }

  private static int next(int index) {
    return (index + 1) & 0xffff;
  }

  private int slot(int index, int bytes) {
    return ENTRIES + (index & (size - 1)) * bytes;
  }

  /**
   * Hands on what the driver has added.
   *
   * @return whether there is something
   */
  boolean forward() throws LoopbackException {
    int first = seen;
    int end = index(driverAvail);
    VarHandle.acquireFence();
    if (((end - seen) & 0xffff) > size) {
      throw new LoopbackException("the driver's ring makes no sense", true);
    }
    for (; seen != end; seen = next(seen)) {
      int slot = slot(seen, Short.BYTES);
      short head = driverAvail.getShort(slot);
      int number = Short.toUnsignedInt(head);
      if (number >= size || written[number] != ABSENT) {
        throw new LoopbackException("the driver's ring makes no sense", true);
      }
      written[number] = PENDING;
      avail.putShort(slot, head);
    }
    VarHandle.releaseFence();
    avail.putShort(INDEX, (short) end);
    return seen != first;
  }

  /**
   * Gives the driver back what is used, as far as all that came before it is.
   *
   * @return whether the driver wants to be told
   * @throws LoopbackException if more came back than was in flight
   */
  boolean giveBack() throws LoopbackException {
    int end = index(used);
    VarHandle.acquireFence();
    if (((end - taken) & 0xffff) > size) {
      throw new LoopbackException("more buffers came back than there were", true);
    }
    for (; taken != end; taken = next(taken)) {
      int slot = slot(taken, Long.BYTES);
      int head = used.getInt(slot);
      if (head < 0 || head >= size || written[head] != PENDING) {
        throw new LoopbackException("a buffer came back that was not there", true);
      }
      written[head] = Integer.toUnsignedLong(used.getInt(slot + Integer.BYTES));
    }
    int first = returned;
    while (returned != seen) {
      int head = Short.toUnsignedInt(driverAvail.getShort(slot(returned, Short.BYTES)));
      if (head >= size || written[head] < 0) {
        break;
      }
      int slot = slot(returned, Long.BYTES);
      driverUsed.putInt(slot, head);
      driverUsed.putInt(slot + Integer.BYTES, (int) written[head]);
      written[head] = ABSENT;
      returned = next(returned);
    }
    VarHandle.releaseFence();
    driverUsed.putShort(INDEX, (short) returned);
    VarHandle.fullFence();
    return returned != first && (driverAvail.getShort(0) & NO_INTERRUPT) == 0;
  }

  /**
   * Fails all that is in the ring of a driver: what the device should have written reads 0xff.
   *
   * @param features as negotiated
   * @return whether the driver wants to be told
   */
  static boolean fail(GuestMemory memory, int size, VringAddresses ring, long features)
      throws VirtqueueException {
    int returned = 0;
    int start = memory.find(ring.usedRing());
    if (start >= 0) {
      returned = memory.view(start).getShort(memory.offset(start, ring.usedRing()) + INDEX);
    }
    boolean any = false;
    try (SplitVirtqueue queue =
        SplitVirtqueue.create(
            memory, size, ring, features, Short.toUnsignedInt((short) returned))) {
      for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
        while (chain.writer().remaining() > 0) {
          ByteBuffer piece = chain.writer().contiguous();
          int length = piece.remaining();
          for (int i = 0; i < length; i++) {
            piece.put(piece.position() + i, FAILED);
          }
          chain.writer().skip(length);
        }
        queue.complete(chain, 0);
        any = true;
      }
      return any && queue.needsNotification();
    }
  }
}
