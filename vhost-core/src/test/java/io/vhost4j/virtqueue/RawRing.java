package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;

/**
 * A ring written by hand, to be as wrong as a test wants. Offsets are spelled out here once more
 * and not taken from the code under test.
 *
 * <pre>
 * guest address  0x10000  ring: table, avail at 0x4000, used at 0x8000 of the region
 *                0x20000  buffers (region 1)
 *                0x30000  buffers (region 2, adjacent)
 *                0x40000  nothing
 *                0x50000  buffers (region 3)
 * </pre>
 *
 * User addresses are guest addresses + {@link #USER}.
 */
final class RawRing implements AutoCloseable {
  static final long USER = 0x7f00_0000_0000L;
  static final long RING = 0x10000;
  static final long BUFFERS = 0x20000;
  static final long SEAM = 0x30000;
  static final long HOLE = 0x40000;
  static final long ISLAND = 0x50000;
  static final int NEXT = 1;
  static final int WRITE = 2;
  static final int INDIRECT = 4;

  private static final int REGION = 0x10000;
  private static final int AVAIL = 0x4000;
  private static final int USED = 0x8000;

  final int size;
  final GuestMemory memory;
  private final ByteBuffer ring;
  private final int startIndex;
  private int availIndex;

  RawRing(int size) throws IOException, GuestMemoryException {
    this(size, 0);
  }

  RawRing(int size, int startIndex) throws IOException, GuestMemoryException {
    this.size = size;
    this.startIndex = startIndex;
    this.availIndex = startIndex;
    try (MemoryFile file = MemoryFile.create("vhost4j-ring", 4 * REGION)) {
      List<MemoryRegion> regions =
          List.of(
              new MemoryRegion(ISLAND, REGION, USER + ISLAND, 0),
              new MemoryRegion(RING, REGION, USER + RING, REGION),
              new MemoryRegion(SEAM, REGION, USER + SEAM, 2 * REGION),
              new MemoryRegion(BUFFERS, REGION, USER + BUFFERS, 3 * REGION));
      memory = GuestMemory.map(regions, file.fd(), file.fd(), file.fd(), file.fd());
    }
    ring = Objects.requireNonNull(memory.slice(RING, REGION));
    index(startIndex);
    ring.putShort(USED + 2, (short) startIndex);
  }

  VringAddresses addresses() {
    return new VringAddresses(USER + RING, USER + RING + AVAIL, USER + RING + USED);
  }

  SplitVirtqueue device(long features) throws VirtqueueException {
    return SplitVirtqueue.create(memory, size, addresses(), features, startIndex);
  }

  /** Writes descriptor {@code index} of the ring. */
  RawRing descriptor(int index, long address, int length, int flags, int next) {
    return put(ring, 16 * index, address, length, flags, next);
  }

  /** Writes entry {@code index} of an indirect table at a guest address. */
  RawRing entry(long table, int index, long address, int length, int flags, int next) {
    ByteBuffer entry = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    put(entry, 0, address, length, flags, next);
    assertThat(memory.write(table + 16L * index, entry)).isTrue();
    return this;
  }

  private RawRing put(ByteBuffer area, int at, long address, int length, int flags, int next) {
    area.putLong(at, address);
    area.putInt(at + 8, length);
    area.putShort(at + 12, (short) flags);
    area.putShort(at + 14, (short) next);
    return this;
  }

  /** Makes heads available. */
  RawRing offer(int... heads) {
    for (int head : heads) {
      ring.putShort(AVAIL + 4 + 2 * (availIndex % size), (short) head);
      availIndex = (availIndex + 1) & 0xffff;
    }
    return index(availIndex);
  }

  /** Writes avail.idx. */
  RawRing index(int index) {
    ring.putShort(AVAIL + 2, (short) index);
    return this;
  }

  RawRing availFlags(int flags) {
    ring.putShort(AVAIL, (short) flags);
    return this;
  }

  RawRing usedEvent(int event) {
    ring.putShort(AVAIL + 4 + 2 * size, (short) event);
    return this;
  }

  int usedFlags() {
    return ring.getShort(USED) & 0xffff;
  }

  RawRing usedFlags(int flags) {
    ring.putShort(USED, (short) flags);
    return this;
  }

  int usedIndex() {
    return ring.getShort(USED + 2) & 0xffff;
  }

  RawRing usedIndex(int index) {
    ring.putShort(USED + 2, (short) index);
    return this;
  }

  int usedId(int index) {
    return ring.getInt(USED + 4 + 8 * (index % size));
  }

  int usedLength(int index) {
    return ring.getInt(USED + 8 + 8 * (index % size));
  }

  RawRing used(int index, int id, int length) {
    ring.putInt(USED + 4 + 8 * (index % size), id);
    ring.putInt(USED + 8 + 8 * (index % size), length);
    return this;
  }

  int availEvent() {
    return ring.getShort(USED + 4 + 8 * size) & 0xffff;
  }

  RawRing availEvent(int event) {
    ring.putShort(USED + 4 + 8 * size, (short) event);
    return this;
  }

  void write(long address, byte... bytes) {
    assertThat(memory.write(address, ByteBuffer.wrap(bytes))).isTrue();
  }

  byte[] read(long address, int length) {
    byte[] bytes = new byte[length];
    assertThat(memory.read(address, ByteBuffer.wrap(bytes))).isTrue();
    return bytes;
  }

  @Override
  public void close() {
    memory.release();
  }
}
