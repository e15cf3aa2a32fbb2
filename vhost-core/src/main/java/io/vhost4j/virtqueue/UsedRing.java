package io.vhost4j.virtqueue;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * What the device writes, and the notifications in both directions that go with it: the used ring,
 * and of the avail ring the index and the driver's wishes.
 */
final class UsedRing {
  private final int size;
  private final boolean eventIndex;
  private ByteBuffer avail;
  private ByteBuffer used;

  /** Counts modulo 65536. */
  private int index;

  /** Completions since {@link #needsNotification()} was last asked. */
  private int unsignalled;

  private boolean neverSignalled = true;

  /** Goes on from the index that is in the ring (C17). */
  UsedRing(RingAreas areas, int size, boolean eventIndex) {
    this.size = size;
    this.eventIndex = eventIndex;
    this.avail = areas.avail();
    this.used = areas.used();
    this.index = SplitRing.acquireIndex(used);
  }

  /** The same ring in another mapping. */
  void rebind(RingAreas areas) {
    avail = areas.avail();
    used = areas.used();
  }

  /** Returns a chain to the driver (V2, V8, V9). */
  void publish(int head, int written) {
    int entry = SplitRing.RING_ENTRIES + SplitRing.USED_ENTRY_BYTES * (index & (size - 1));
    used.putInt(entry, head);
    used.putInt(entry + SplitRing.USED_LENGTH, written);
    index = SplitRing.u16(index + 1);
    SplitRing.releaseIndex(used, index);
    unsignalled++;
  }

  /** See {@link SplitVirtqueue#needsNotification()}. */
  boolean needsNotification() {
    int count = unsignalled;
    if (count == 0) {
      return false;
    }
    unsignalled = 0;
    if (neverSignalled) {
      neverSignalled = false;
      return true;
    }
    // The index must be visible before the driver's wish is read, and no processor keeps a store in
    // front of a later load without a full fence (V12).
    VarHandle.fullFence();
    if (eventIndex) {
      int event = SplitRing.u16(avail.getShort(SplitRing.usedEvent(size)));
      return SplitRing.passed(event, index, count);
    }
    return (avail.getShort(SplitRing.RING_FLAGS) & SplitRing.NO_NOTIFICATION) == 0;
  }

  /** See {@link SplitVirtqueue#disableKicks()}. */
  void disableKicks() {
    if (!eventIndex) {
      used.putShort(SplitRing.RING_FLAGS, (short) SplitRing.NO_NOTIFICATION);
    }
  }

  /**
   * Asks for a kick when the driver's index passes {@code nextAvail}.
   *
   * @return true if it has already (V14)
   */
  boolean enableKicks(int nextAvail) {
    used.putShort(SplitRing.RING_FLAGS, (short) 0);
    if (eventIndex) {
      used.putShort(SplitRing.availEvent(size), (short) nextAvail);
    }
    VarHandle.fullFence();
    return SplitRing.acquireIndex(avail) != nextAvail;
  }
}
