package io.vhost4j.virtqueue;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * Layout of a split ring of N entries (VIRTIO 2.7), everything little-endian.
 *
 * <pre>
 * descriptor table, 16 N bytes, aligned to 16     avail ring, 6 + 2 N bytes, aligned to 2
 * entry i at 16 i:                                 0       2     4               4 + 2 N
 *  0         8       12      14      16            +-------+-----+---------------+------------+
 *  +---------+-------+-------+-------+             | flags | idx | ring[N], le16 | used_event |
 *  | address |  len  | flags | next  |             +-------+-----+---------------+------------+
 *  |  le64   | le32  | le16  | le16  |
 *  +---------+-------+-------+-------+            used ring, 6 + 8 N bytes, aligned to 4
 *                                                  0       2     4               4 + 8 N
 *  the driver writes the table and the avail       +-------+-----+---------------+-------------+
 *  ring, the device writes the used ring           | flags | idx | ring[N] of    | avail_event |
 *                                                  |       |     | id le32,      |             |
 *                                                  |       |     | len le32      |             |
 *                                                  +-------+-----+---------------+-------------+
 * </pre>
 *
 * Both indices count entries modulo 65536, whatever N is; entry i of a ring is at i mod N.
 */
final class SplitRing {
  static final int MAX_SIZE = 32768;

  static final int DESCRIPTOR_BYTES = 16;
  static final int DESCRIPTOR_LENGTH = 8;
  static final int DESCRIPTOR_FLAGS = 12;
  static final int DESCRIPTOR_NEXT = 14;
  static final int FLAG_NEXT = 1;
  static final int FLAG_WRITE = 2;
  static final int FLAG_INDIRECT = 4;

  static final int RING_FLAGS = 0;
  static final int RING_INDEX = 2;
  static final int RING_ENTRIES = 4;

  static final int AVAIL_ENTRY_BYTES = 2;
  static final int USED_ENTRY_BYTES = 8;
  static final int USED_LENGTH = 4;

  /** Bit 0 of the flags of either ring: the other side need not notify (V10, V13). */
  static final int NO_NOTIFICATION = 1;

  static final int DESCRIPTOR_ALIGNMENT = 16;
  static final int AVAIL_ALIGNMENT = 2;
  static final int USED_ALIGNMENT = 4;

  /** Longest buffer, readable and writable part together (V27). */
  static final long MAX_CHAIN_BYTES = 1L << 32;

  private SplitRing() {}

  static boolean isValidSize(int size) {
    return size > 0 && size <= MAX_SIZE && Integer.bitCount(size) == 1;
  }

  static int tableBytes(int size) {
    return DESCRIPTOR_BYTES * size;
  }

  static int availBytes(int size) {
    return usedEvent(size) + 2;
  }

  static int usedBytes(int size) {
    return availEvent(size) + 2;
  }

  /** Offset of used_event in the avail ring. */
  static int usedEvent(int size) {
    return RING_ENTRIES + AVAIL_ENTRY_BYTES * size;
  }

  /** Offset of avail_event in the used ring. */
  static int availEvent(int size) {
    return RING_ENTRIES + USED_ENTRY_BYTES * size;
  }

  static int u16(int value) {
    return value & 0xffff;
  }

  /*
   * The fields that both sides access at the same time are aligned le16, which ByteBuffer reads and
   * writes whole; fences order them. Not VarHandle's ordered modes: on JDK 17 their interpreted
   * stores are xchgw instructions, and if one of those hits truncated memory, HotSpot cannot decode
   * it and ends the process instead of throwing InternalError.
   */

  /** Reads the other side's index; nothing behind it is read earlier (V3). */
  static int acquireIndex(ByteBuffer ring) {
    int index = u16(ring.getShort(RING_INDEX));
    VarHandle.acquireFence();
    return index;
  }

  /** Publishes an index; nothing in front of it is written later (V8). */
  static void releaseIndex(ByteBuffer ring, int index) {
    VarHandle.releaseFence();
    ring.putShort(RING_INDEX, (short) index);
  }

  /**
   * Whether {@code event} is among the last {@code count} indices before {@code index}: the
   * comparison of VIRTIO 2.7.7.2 and 2.7.10.1, right for any count.
   */
  static boolean passed(int event, int index, int count) {
    return u16(index - event - 1) < count;
  }
}
