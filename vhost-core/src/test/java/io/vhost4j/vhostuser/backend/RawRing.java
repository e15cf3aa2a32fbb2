package io.vhost4j.vhostuser.backend;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.VringAddresses;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes what it is told to into a split ring, right or wrong (VIRTIO 2.7). */
final class RawRing {
  static final int NEXT = 1;
  static final int WRITE = 2;
  static final int INDIRECT = 4;

  /** Where indirect tables of the tests are, as a guest address. */
  static final long TABLE = Guest.BASE + 0x40000;

  private final GuestMemory memory;
  private final long descriptors;
  private final long avail;
  private final int size;
  private int available;

  RawRing(Guest guest, Guest.Queue queue) {
    VringAddresses at = queue.driver.addresses();
    memory = guest.memory;
    size = queue.driver.size();
    descriptors = at.descriptorTable() - Guest.USER + Guest.BASE;
    avail = at.availRing() - Guest.USER + Guest.BASE;
  }

  RawRing descriptor(int index, long address, long length, int flags, int next) {
    return write(descriptors + 16L * index, address, length, flags, next);
  }

  RawRing tableEntry(int index, long address, long length, int flags, int next) {
    return write(TABLE + 16L * index, address, length, flags, next);
  }

  private RawRing write(long at, long address, long length, int flags, int next) {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(address).putInt((int) length).putShort((short) flags).putShort((short) next);
    memory.write(at, bytes.flip());
    return this;
  }

  /** Puts a head into the next slot and counts it. */
  RawRing offer(int head) {
    writeShort(avail + 4 + 2L * (available % size), head);
    return index(available + 1);
  }

  /** Sets the avail index. */
  RawRing index(int index) {
    available = index;
    writeShort(avail + 2, index);
    return this;
  }

  private void writeShort(long at, int value) {
    ByteBuffer bytes = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    memory.write(at, bytes.putShort((short) value).flip());
  }
}
