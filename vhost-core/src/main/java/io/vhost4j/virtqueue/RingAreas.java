package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The three parts of a ring as views of exactly their bytes. */
record RingAreas(ByteBuffer table, ByteBuffer avail, ByteBuffer used) {
  /**
   * Finds the parts of a ring in memory.
   *
   * @throws VirtqueueException if one is misaligned or not inside one region (V31)
   */
  static RingAreas locate(GuestMemory memory, int size, VringAddresses addresses)
      throws VirtqueueException {
    return new RingAreas(
        area(
            "descriptor table",
            memory,
            addresses.descriptorTable(),
            SplitRing.tableBytes(size),
            SplitRing.DESCRIPTOR_ALIGNMENT),
        area(
            "avail ring",
            memory,
            addresses.availRing(),
            SplitRing.availBytes(size),
            SplitRing.AVAIL_ALIGNMENT),
        area(
            "used ring",
            memory,
            addresses.usedRing(),
            SplitRing.usedBytes(size),
            SplitRing.USED_ALIGNMENT));
  }

  /**
   * An odd file offset of the region misaligns here what is aligned there, and then an index could
   * not be accessed as one: refused as well.
   */
  private static ByteBuffer area(
      String name, GuestMemory memory, long address, int length, int alignment)
      throws VirtqueueException {
    @Nullable ByteBuffer area = memory.sliceAtUserAddress(address, length);
    if (area == null) {
      throw new VirtqueueException(
          "V31", name + " outside memory: " + hex(address) + "+" + hex(length));
    }
    if ((address & (alignment - 1)) != 0 || area.alignmentOffset(0, Short.BYTES) != 0) {
      throw new VirtqueueException(
          "V31", name + " at " + hex(address) + " is not aligned to " + alignment);
    }
    return area;
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
