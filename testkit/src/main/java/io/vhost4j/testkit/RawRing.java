package io.vhost4j.testkit;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.VringAddresses;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Writes what it is told to into the split ring of a queue, right or wrong (VIRTIO 2.7). */
public final class RawRing {
  /** The chain goes on at {@code next}. */
  public static final int NEXT = 1;

  /** The device writes. */
  public static final int WRITE = 2;

  /** The address is that of a table. */
  public static final int INDIRECT = 4;

  private final GuestMemory memory;
  private final GuestQueue queue;
  private final long descriptors;
  private final long avail;
  private final long used;
  private int available;

  /** The ring of {@code queue}, whose driver looks at it no more, where it is now. */
  public RawRing(Guest guest, GuestQueue queue) {
    queue.forsake();
    VringAddresses at = queue.addresses();
    this.memory = guest.memory();
    this.queue = queue;
    this.descriptors = at.descriptorTable() - Guest.USER_ADDRESS;
    this.avail = at.availRing() - Guest.USER_ADDRESS;
    this.used = at.usedRing() - Guest.USER_ADDRESS;
    this.available = readShort(avail + 2);
  }

  /** Number of entries. */
  public int size() {
    return queue.size();
  }

  /** Guest address of memory for buffers: {@link #bufferBytes()} of it. */
  public long buffer() {
    return queue.bufferStart() + 0x10000;
  }

  /** Bytes of memory for buffers. */
  public int bufferBytes() {
    return (int) (queue.bufferEnd() - buffer());
  }

  /** Guest address of memory for a table of 4096 entries. */
  public long table() {
    return queue.bufferStart();
  }

  /** Guest address of the first byte behind the guest's memory. */
  public long memoryEnd() {
    return memory.regions().get(0).size();
  }

  /** Writes a descriptor of the ring. */
  public RawRing descriptor(int index, long address, long length, int flags, int next) {
    return write(descriptors + 16L * index, address, length, flags, next);
  }

  /** Writes an entry of the table. */
  public RawRing tableEntry(int index, long address, long length, int flags, int next) {
    return write(table() + 16L * index, address, length, flags, next);
  }

  private RawRing write(long at, long address, long length, int flags, int next) {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(address).putInt((int) length).putShort((short) flags).putShort((short) next);
    memory.write(at, bytes.flip());
    return this;
  }

  /** Puts a head into the next slot and counts it. */
  public RawRing offer(int head) {
    writeShort(avail + 4 + 2L * (available % size()), head);
    return index(available + 1);
  }

  /** Sets the avail index. */
  public RawRing index(int index) {
    available = index & 0xffff;
    writeShort(avail + 2, available);
    return this;
  }

  /** The avail index. */
  public int index() {
    return available;
  }

  /** Turns over some bytes of the ring. */
  void scribble(Random random) {
    for (int i = random.nextInt(20); i >= 0; i--) {
      byte[] bytes = new byte[1 + random.nextInt(8)];
      random.nextBytes(bytes);
      long end = used + 4 + 8L * size();
      long at = descriptors + random.nextInt((int) (end - descriptors) - bytes.length);
      memory.write(at, ByteBuffer.wrap(bytes));
    }
    index(random.nextInt(size() + 2));
  }

  private void writeShort(long at, int value) {
    ByteBuffer bytes = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    memory.write(at, bytes.putShort((short) value).flip());
  }

  private int readShort(long at) {
    ByteBuffer bytes = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    memory.read(at, bytes);
    return bytes.getShort(0) & 0xffff;
  }
}
