package io.vhost4j.virtqueue;

import java.nio.ByteBuffer;

/**
 * The driver's descriptor table with its free list. All state is outside of shared memory, where a
 * hostile device cannot reach it.
 */
final class DescriptorTable {
  private final ByteBuffer table;

  /* One indirect table of tableEntries for each possible head. */
  private final ByteBuffer indirectTables;
  private final long indirectAddress;
  private final int tableEntries;

  /* Free descriptors are a list through following; so are those of each chain in flight. */
  private final int[] following;
  private int firstFree;
  private int free;

  /* By head: descriptors of the ring that the chain in flight takes, 0 if none is in flight. */
  private final int[] taken;
  private final long[] writableSize;

  DescriptorTable(
      ByteBuffer table,
      int size,
      ByteBuffer indirectTables,
      long indirectAddress,
      int tableEntries) {
    this.table = table;
    this.indirectTables = indirectTables;
    this.indirectAddress = indirectAddress;
    this.tableEntries = tableEntries;
    following = new int[size];
    for (int i = 0; i < size; i++) {
      following[i] = i + 1;
    }
    free = size;
    taken = new int[size];
    writableSize = new long[size];
  }

  int free() {
    return free;
  }

  /** Room in each indirect table. */
  int tableEntries() {
    return tableEntries;
  }

  boolean isInFlight(int head) {
    return head >= 0 && head < taken.length && taken[head] != 0;
  }

  /** Length in bytes of the writable part of a chain in flight. */
  long writableSize(int head) {
    return writableSize[head];
  }

  /** Takes {@code count} descriptors, of which there are enough; returns the head. */
  int addDirect(long[] addresses, int[] lengths, int readable, int count) {
    int head = firstFree;
    int descriptor = head;
    for (int i = 0; i < count; i++) {
      int next = following[descriptor];
      put(table, descriptor, addresses[i], lengths[i], flags(i, readable, count), next);
      descriptor = next;
    }
    take(head, count, descriptor, writableSize(lengths, readable, count));
    return head;
  }

  /** Takes one descriptor, which is there, and the table that goes with it; returns the head. */
  int addIndirect(long[] addresses, int[] lengths, int readable, int count) {
    int head = firstFree;
    int first = head * tableEntries;
    for (int i = 0; i < count; i++) {
      put(indirectTables, first + i, addresses[i], lengths[i], flags(i, readable, count), i + 1);
    }
    long address = indirectAddress + (long) SplitRing.DESCRIPTOR_BYTES * first;
    put(table, head, address, SplitRing.DESCRIPTOR_BYTES * count, SplitRing.FLAG_INDIRECT, 0);
    take(head, 1, following[head], writableSize(lengths, readable, count));
    return head;
  }

  private static int flags(int index, int readable, int count) {
    return (index >= readable ? SplitRing.FLAG_WRITE : 0)
        | (index < count - 1 ? SplitRing.FLAG_NEXT : 0);
  }

  private static long writableSize(int[] lengths, int readable, int count) {
    long size = 0;
    for (int i = readable; i < count; i++) {
      size += Integer.toUnsignedLong(lengths[i]);
    }
    return size;
  }

  private static void put(
      ByteBuffer area, int index, long address, int length, int flags, int next) {
    int at = SplitRing.DESCRIPTOR_BYTES * index;
    area.putLong(at, address);
    area.putInt(at + SplitRing.DESCRIPTOR_LENGTH, length);
    area.putShort(at + SplitRing.DESCRIPTOR_FLAGS, (short) flags);
    area.putShort(at + SplitRing.DESCRIPTOR_NEXT, (short) next);
  }

  private void take(int head, int descriptors, int newFirstFree, long room) {
    firstFree = newFirstFree;
    free -= descriptors;
    taken[head] = descriptors;
    writableSize[head] = room;
  }

  /** The chain in flight at {@code head} is back: its descriptors are free. */
  void release(int head) {
    int last = head;
    for (int i = 1; i < taken[head]; i++) {
      last = following[last];
    }
    following[last] = firstFree;
    firstFree = head;
    free += taken[head];
    taken[head] = 0;
  }
}
