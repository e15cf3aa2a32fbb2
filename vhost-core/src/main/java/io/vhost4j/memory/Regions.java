package io.vhost4j.memory;

import java.util.List;

/** The rules that regions have to keep, alone and as a table. */
final class Regions {
  /** 16 TiB: far above any guest, and it bounds what a table costs us. */
  private static final long MAX_TOTAL = 1L << 44;

  private Regions() {}

  /**
   * Checks each region and their disjointness, in guest and in user addresses (C23, E9).
   *
   * @param regions sorted or not
   * @throws GuestMemoryException naming the first rule that is broken
   */
  static void check(List<MemoryRegion> regions) throws GuestMemoryException {
    long total = 0;
    for (MemoryRegion region : regions) {
      check(region);
      total += region.size();
      if (total > MAX_TOTAL) {
        // E9
        throw new GuestMemoryException("the memory table covers more than 16 TiB");
      }
    }
    for (int i = 0; i < regions.size(); i++) {
      for (int j = 0; j < i; j++) {
        checkDisjoint(regions.get(j), regions.get(i));
      }
    }
  }

  private static void check(MemoryRegion region) throws GuestMemoryException {
    long size = region.size();
    if (size <= 0 || size > MAX_TOTAL) {
      // E9
      throw new GuestMemoryException(
          describe(region) + " has an impossible size of " + Long.toUnsignedString(size));
    }
    if (wraps(region.guestAddress(), size) || wraps(region.userAddress(), size)) {
      // E9
      throw new GuestMemoryException(describe(region) + " wraps the address space");
    }
    long offset = region.mmapOffset();
    if (offset < 0 || offset > Long.MAX_VALUE - size) {
      // E9
      throw new GuestMemoryException(
          describe(region) + " has an impossible file offset of " + hex(offset));
    }
  }

  private static void checkDisjoint(MemoryRegion a, MemoryRegion b) throws GuestMemoryException {
    if (overlap(a.guestAddress(), a.size(), b.guestAddress(), b.size())) {
      // C23
      throw new GuestMemoryException(
          describe(a) + " and " + describe(b) + " overlap in guest addresses");
    }
    if (overlap(a.userAddress(), a.size(), b.userAddress(), b.size())) {
      // C23
      throw new GuestMemoryException(
          describe(a) + " and " + describe(b) + " overlap in user addresses");
    }
  }

  private static boolean wraps(long address, long size) {
    return Long.compareUnsigned(address + size - 1, address) < 0;
  }

  private static boolean overlap(long a, long aSize, long b, long bSize) {
    return Long.compareUnsigned(b - a, aSize) < 0 || Long.compareUnsigned(a - b, bSize) < 0;
  }

  static String describe(MemoryRegion region) {
    return "memory region " + hex(region.guestAddress()) + "+" + hex(region.size());
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
