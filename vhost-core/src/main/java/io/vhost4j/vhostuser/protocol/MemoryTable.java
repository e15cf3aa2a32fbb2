package io.vhost4j.vhostuser.protocol;

import io.vhost4j.memory.MemoryRegion;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The payloads that describe guest memory: {@code MT} of SET_MEM_TABLE, {@code MR} of ADD_MEM_REG
 * and REM_MEM_REG.
 *
 * <pre>
 *   MT: 0           4     8                      MR: 0         8          40
 *       | count u32 | pad | count regions |          | pad u64 | region   |
 *
 *   region: 0           8      16             24            32
 *           | guest     | size | user         | mmap offset |
 * </pre>
 */
public final class MemoryTable {
  /** Bytes before the first region of a table. */
  public static final int HEADER_SIZE = 8;

  /** Length of the payload of a single region in bytes. */
  public static final int SINGLE_SIZE = 40;

  /** Regions that one SET_MEM_TABLE may bring: 8 by the standard, 32 by rust-vmm (C20). */
  public static final int MAX_REGIONS = 32;

  private static final int REGION_SIZE = 32;
  private static final int SINGLE_REGION_OFFSET = 8;
  private static final int GUEST_OFFSET = 0;
  private static final int LENGTH_OFFSET = 8;
  private static final int USER_OFFSET = 16;
  private static final int MMAP_OFFSET = 24;

  private MemoryTable() {}

  /** Number of regions that a table says it has, as an unsigned number. */
  static int count(ByteBuffer payload) {
    return payload.getInt(payload.position());
  }

  /**
   * Whether a table has the length that its count asks for. Behind that there may be whole regions
   * of nothing but 0, as user-mode Linux 6.12 always sends two.
   */
  static boolean fits(ByteBuffer payload) {
    if (payload.remaining() < HEADER_SIZE) {
      return false;
    }
    long length = HEADER_SIZE + Integer.toUnsignedLong(count(payload)) * REGION_SIZE;
    long rest = payload.remaining() - length;
    if (rest < 0 || rest % REGION_SIZE != 0) {
      return false;
    }
    for (int at = payload.limit() - (int) rest; at < payload.limit(); at++) {
      if (payload.get(at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Reads a table that {@link MessageRules} found sound. */
  public static List<MemoryRegion> read(ByteBuffer payload) {
    int count = count(payload);
    List<MemoryRegion> regions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      regions.add(readRegion(payload, payload.position() + HEADER_SIZE + i * REGION_SIZE));
    }
    return regions;
  }

  /** Reads the payload of ADD_MEM_REG or REM_MEM_REG. */
  public static MemoryRegion readSingle(ByteBuffer payload) {
    return readRegion(payload, payload.position() + SINGLE_REGION_OFFSET);
  }

  /** The payload of SET_MEM_TABLE. */
  public static ByteBuffer encode(List<MemoryRegion> regions) {
    ByteBuffer payload = Payload.allocate(HEADER_SIZE + regions.size() * REGION_SIZE);
    payload.putInt(0, regions.size());
    for (int i = 0; i < regions.size(); i++) {
      writeRegion(payload, HEADER_SIZE + i * REGION_SIZE, regions.get(i));
    }
    return payload;
  }

  /** The payload of ADD_MEM_REG or REM_MEM_REG. */
  public static ByteBuffer encodeSingle(MemoryRegion region) {
    ByteBuffer payload = Payload.allocate(SINGLE_SIZE);
    writeRegion(payload, SINGLE_REGION_OFFSET, region);
    return payload;
  }

  private static MemoryRegion readRegion(ByteBuffer payload, int start) {
    return new MemoryRegion(
        payload.getLong(start + GUEST_OFFSET),
        payload.getLong(start + LENGTH_OFFSET),
        payload.getLong(start + USER_OFFSET),
        payload.getLong(start + MMAP_OFFSET));
  }

  private static void writeRegion(ByteBuffer payload, int start, MemoryRegion region) {
    payload.putLong(start + GUEST_OFFSET, region.guestAddress());
    payload.putLong(start + LENGTH_OFFSET, region.size());
    payload.putLong(start + USER_OFFSET, region.userAddress());
    payload.putLong(start + MMAP_OFFSET, region.mmapOffset());
  }
}
