package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A ring of 256 entries, its indirect table, and beside them adjacent regions of a page each: the
 * memory of a guest who wants to make chains dear.
 */
final class ManyRegions implements AutoCloseable {
  static final int SIZE = 256;
  private static final int PAGE = 4096;
  private static final long RING = 0x10000;
  private static final int RING_BYTES = 0x20000;
  private static final int AVAIL = 0x4000;
  private static final int USED = 0x8000;
  private static final int TABLE = 0x10000;
  private static final long REGIONS = 0x100000;

  private final int count;
  private final GuestMemory memory;
  private final VringAddresses addresses = new VringAddresses(RING, RING + AVAIL, RING + USED);
  private int available;

  ManyRegions(int count) throws IOException, GuestMemoryException {
    this.count = count;
    try (MemoryFile file = MemoryFile.create("vhost4j-many", RING_BYTES + (long) count * PAGE)) {
      List<MemoryRegion> regions = new ArrayList<>();
      regions.add(new MemoryRegion(RING, RING_BYTES, RING, 0));
      for (int i = 0; i < count; i++) {
        long at = REGIONS + (long) i * PAGE;
        regions.add(new MemoryRegion(at, PAGE, at, RING_BYTES + (long) i * PAGE));
      }
      int[] fds = new int[regions.size()];
      Arrays.fill(fds, file.fd());
      memory = GuestMemory.map(regions, fds);
    }
  }

  SplitVirtqueue device() throws VirtqueueException {
    return SplitVirtqueue.create(memory, SIZE, addresses, RingFeatures.INDIRECT_DESC, 0);
  }

  /** Offers one chain, of buffers that each cover all regions. */
  void chainOverAllRegions(int buffers) {
    for (int i = 0; i < buffers; i++) {
      int flags = i == buffers - 1 ? 0 : RawRing.NEXT;
      descriptor(RING + TABLE + 16L * i, REGIONS, count * PAGE, flags, i + 1);
    }
    descriptor(RING, RING + TABLE, 16 * buffers, RawRing.INDIRECT, 0);
    offer(1);
  }

  /** Fills the ring with chains of 1024 buffers, each in another region than the one before. */
  void ringOfScatteredChains() {
    int buffers = 1024;
    for (int i = 0; i < buffers; i++) {
      int flags = i == buffers - 1 ? 0 : RawRing.NEXT;
      long region = REGIONS + (long) (i * 7919 % count) * PAGE;
      descriptor(RING + TABLE + 16L * i, region + i, 1, flags, i + 1);
    }
    for (int i = 0; i < SIZE; i++) {
      descriptor(RING + 16L * i, RING + TABLE, 16 * buffers, RawRing.INDIRECT, 0);
      write(RING + AVAIL + 4 + 2L * i, 2, i);
    }
  }

  /** Makes more of what is in the ring available. */
  void offer(int more) {
    available += more;
    write(RING + AVAIL + 2, 2, available);
  }

  private void descriptor(long at, long address, int length, int flags, int next) {
    write(at, 8, address);
    write(at + 8, 4, length);
    write(at + 12, 2, flags);
    write(at + 14, 2, next);
  }

  private void write(long at, int bytes, long value) {
    ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    memory.write(at, buffer.putLong(0, value).limit(bytes));
  }

  @Override
  public void close() {
    memory.release();
  }
}
