package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The driver side of a split virtqueue: what a guest does, for frontends, tests and benchmarks.
 *
 * <pre>{@code
 * DriverQueue queue = DriverQueue.create(memory, 0x1000, 256, 0, features, 0);
 * // queue.addresses() goes out with SET_VRING_ADDR, queue.startIndex() with SET_VRING_BASE
 * int head = queue.add(addresses, lengths, 1, 1);   // readable first; -1: no room
 * queue.publish();
 * if (queue.needsKick()) { signal the kick eventfd }
 * ...
 * while ((head = queue.poll()) >= 0) { ... queue.usedLength() ... }
 * }</pre>
 *
 * <p>One thread at a time. Steady state allocates nothing. The device is not trusted: what it
 * writes into the used ring is checked, and the state of the queue is kept outside of shared
 * memory.
 */
public final class DriverQueue {
  /** Parts that different sides write are kept this many bytes apart, a cache line. */
  private static final int SPACING = 64;

  private final int size;
  private final int startIndex;
  private final boolean eventIndex;
  private final boolean indirect;
  private final VringAddresses addresses;
  private final DescriptorTable descriptors;
  private final ByteBuffer avail;
  private final ByteBuffer used;

  /* All count modulo 65536: chains added, chains published, and chains that have come back. */
  private int availIndex;
  private int published;
  private int lastUsed;

  private int inFlight;
  private long usedLength;

  /** Chains published since {@link #needsKick()} was last asked. */
  private int unannounced;

  private DriverQueue(
      GuestMemory memory, long table, int size, int tableEntries, long features, int startIndex) {
    this.size = size;
    this.startIndex = SplitRing.u16(startIndex);
    this.eventIndex = (features & RingFeatures.EVENT_IDX) != 0;
    this.indirect = (features & RingFeatures.INDIRECT_DESC) != 0;
    long availAt = table + spaced(SplitRing.tableBytes(size));
    long usedAt = availAt + spaced(SplitRing.availBytes(size));
    long tablesAt = usedAt + spaced(SplitRing.usedBytes(size));
    avail = area(memory, availAt, SplitRing.availBytes(size));
    used = area(memory, usedAt, SplitRing.usedBytes(size));
    descriptors =
        new DescriptorTable(
            area(memory, table, SplitRing.tableBytes(size)),
            size,
            area(memory, tablesAt, SplitRing.tableBytes(size) * tableEntries),
            tablesAt,
            tableEntries);
    addresses =
        new VringAddresses(
            memory.toUserAddress(table),
            memory.toUserAddress(availAt),
            memory.toUserAddress(usedAt));
    availIndex = this.startIndex;
    published = availIndex;
    lastUsed = availIndex;
    clear(avail);
    clear(used);
    if (eventIndex) {
      // Until the device says otherwise it wants a kick for the first chain, wherever that is.
      used.putShort(SplitRing.availEvent(size), (short) this.startIndex);
    }
    SplitRing.releaseIndex(used, lastUsed);
    SplitRing.releaseIndex(avail, availIndex);
    boolean unused = enableNotifications();
  }

  /**
   * Lays out an empty ring in memory.
   *
   * @param memory holds the ring; not retained, so the caller keeps it while it uses the queue
   * @param guestAddress where the ring begins, a multiple of 64; it takes {@link #bytesNeeded}, and
   *     each part of it lies within one region
   * @param size number of entries, a power of 2 up to 32768
   * @param tableEntries room in each indirect table; 0 for none
   * @param features as negotiated; of {@link RingFeatures}, others are ignored
   * @param startIndex where both indices start, 0 to 65535
   * @throws IllegalArgumentException if the ring is impossible or does not fit
   */
  public static DriverQueue create(
      GuestMemory memory,
      long guestAddress,
      int size,
      int tableEntries,
      long features,
      int startIndex) {
    if (!SplitRing.isValidSize(size) || tableEntries < 0) {
      throw new IllegalArgumentException(
          "a ring of " + size + " entries with tables of " + tableEntries);
    }
    if (guestAddress % SPACING != 0) {
      throw new IllegalArgumentException("a ring not aligned to " + SPACING);
    }
    int unused = bytesNeeded(size, tableEntries); // or ArithmeticException
    return new DriverQueue(memory, guestAddress, size, tableEntries, features, startIndex);
  }

  /** Bytes that a ring and its indirect tables take. */
  public static int bytesNeeded(int size, int tableEntries) {
    return spaced(SplitRing.tableBytes(size))
        + spaced(SplitRing.availBytes(size))
        + spaced(SplitRing.usedBytes(size))
        + Math.multiplyExact(SplitRing.tableBytes(size), tableEntries);
  }

  private static int spaced(int bytes) {
    return (bytes + SPACING - 1) / SPACING * SPACING;
  }

  private static ByteBuffer area(GuestMemory memory, long address, int length) {
    ByteBuffer area = memory.slice(address, length);
    if (area == null && length > 0) {
      throw new IllegalArgumentException(
          "no memory for the ring at 0x" + Long.toHexString(address));
    }
    return area == null ? ByteBuffer.allocate(0) : area;
  }

  private static void clear(ByteBuffer area) {
    for (int i = 0; i < area.capacity(); i++) {
      area.put(i, (byte) 0);
    }
  }

  /** Where the ring is, in user addresses, for SET_VRING_ADDR. */
  public VringAddresses addresses() {
    return addresses;
  }

  /** Number of entries, for SET_VRING_NUM. */
  public int size() {
    return size;
  }

  /** For SET_VRING_BASE. */
  public int startIndex() {
    return startIndex;
  }

  /** Chains added and not yet returned by {@link #poll()}. */
  public int inFlight() {
    return inFlight;
  }

  /** Descriptors that are free for chains; an indirect chain takes one. */
  public int freeDescriptors() {
    return descriptors.free();
  }

  /**
   * Adds a chain of descriptors of the ring; the device sees it after {@link #publish()}.
   *
   * @param guestAddresses of the buffers, the readable ones first
   * @param lengths in bytes, taken as unsigned
   * @param readable number of readable buffers
   * @param writable number of writable buffers that follow
   * @return the head, which identifies the chain until {@link #poll()} returns it; -1 if there are
   *     not enough free descriptors
   */
  public int add(long[] guestAddresses, int[] lengths, int readable, int writable) {
    int count = checkedCount(guestAddresses, lengths, readable, writable);
    if (count > descriptors.free()) {
      return -1;
    }
    return makeAvailable(descriptors.addDirect(guestAddresses, lengths, readable, count));
  }

  /**
   * Adds a chain through an indirect table, which takes one descriptor of the ring. As {@link #add}
   * otherwise.
   *
   * @throws IllegalArgumentException also if the feature is not negotiated or the queue's tables
   *     are too short
   */
  public int addIndirect(long[] guestAddresses, int[] lengths, int readable, int writable) {
    int count = checkedCount(guestAddresses, lengths, readable, writable);
    if (!indirect || count > descriptors.tableEntries()) {
      throw new IllegalArgumentException("no indirect table for " + count + " buffers");
    }
    if (descriptors.free() == 0) {
      return -1;
    }
    return makeAvailable(descriptors.addIndirect(guestAddresses, lengths, readable, count));
  }

  private static int checkedCount(
      long[] guestAddresses, int[] lengths, int readable, int writable) {
    int count = readable + writable;
    if (readable < 0
        || writable < 0
        || count <= 0
        || count > guestAddresses.length
        || count > lengths.length) {
      throw new IllegalArgumentException(
          readable + " readable and " + writable + " writable buffers");
    }
    return count;
  }

  private int makeAvailable(int head) {
    int slot = SplitRing.RING_ENTRIES + SplitRing.AVAIL_ENTRY_BYTES * (availIndex & (size - 1));
    avail.putShort(slot, (short) head);
    availIndex = SplitRing.u16(availIndex + 1);
    inFlight++;
    return head;
  }

  /** Shows the device the chains added so far. */
  public void publish() {
    unannounced += SplitRing.u16(availIndex - published);
    published = availIndex;
    SplitRing.releaseIndex(avail, availIndex);
  }

  /** Whether the device wants a kick for what was published since this was last asked. */
  public boolean needsKick() {
    int count = unannounced;
    if (count == 0) {
      return false;
    }
    unannounced = 0;
    VarHandle.fullFence(); // the index is visible before the device's wish is read
    if (eventIndex) {
      return SplitRing.passed(
          SplitRing.u16(used.getShort(SplitRing.availEvent(size))), published, count);
    }
    return (used.getShort(SplitRing.RING_FLAGS) & SplitRing.NO_NOTIFICATION) == 0;
  }

  /**
   * Takes the next chain that the device has returned. Its descriptors are free again.
   *
   * @return its head, or -1 if there is none
   * @throws VirtqueueException if the used ring is not what a device may write (V2, V8, V9); the
   *     ring is then beyond use
   */
  public int poll() throws VirtqueueException {
    int index = SplitRing.acquireIndex(used);
    int count = SplitRing.u16(index - lastUsed);
    if (count == 0) {
      return -1;
    }
    if (count > SplitRing.u16(published - lastUsed)) {
      throw new VirtqueueException("V2", "used index " + index + " returns more than is in flight");
    }
    int entry = SplitRing.RING_ENTRIES + SplitRing.USED_ENTRY_BYTES * (lastUsed & (size - 1));
    int head = used.getInt(entry);
    long length = Integer.toUnsignedLong(used.getInt(entry + SplitRing.USED_LENGTH));
    if (!descriptors.isInFlight(head)) {
      throw new VirtqueueException(
          "V9", "used id " + Integer.toUnsignedString(head) + " is not in flight");
    }
    if (length > descriptors.writableSize(head)) {
      throw new VirtqueueException(
          "V8",
          "used length " + length + " of a chain with room for " + descriptors.writableSize(head));
    }
    descriptors.release(head);
    inFlight--;
    usedLength = length;
    lastUsed = SplitRing.u16(lastUsed + 1);
    return head;
  }

  /** Bytes that the device has written to the chain last returned by {@link #poll()}. */
  public long usedLength() {
    return usedLength;
  }

  /** Tells the device that this side looks at the used ring anyway. It may notify even so. */
  public void disableNotifications() {
    if (!eventIndex) {
      avail.putShort(SplitRing.RING_FLAGS, (short) SplitRing.NO_NOTIFICATION);
    }
  }

  /**
   * Asks the device for a notification at the next chain it returns; so it is after creation.
   *
   * @return true if a chain was returned meanwhile, for which none may come: poll
   */
  public boolean enableNotifications() {
    avail.putShort(SplitRing.RING_FLAGS, (short) 0);
    if (eventIndex) {
      avail.putShort(SplitRing.usedEvent(size), (short) lastUsed);
    }
    VarHandle.fullFence();
    return SplitRing.acquireIndex(used) != lastUsed;
  }
}
