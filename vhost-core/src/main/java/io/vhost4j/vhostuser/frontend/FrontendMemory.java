package io.vhost4j.vhostuser.frontend;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a frontend without a guest shows its backend as guest memory: zeroed memory files in one or
 * more regions, and a simple allocator. One thread at a time.
 *
 * <p>The regions follow each other without a gap, from {@link #GUEST_BASE} on.
 */
public final class FrontendMemory implements AutoCloseable {
  /** Guest address of the first byte. */
  public static final long GUEST_BASE = 0x10_0000;

  /** What lies between guest addresses and those of the frontend, so that they cannot be mixed. */
  private static final long USER_DISTANCE = 0x7000_0000_0000L;

  private final List<MemoryFile> files = new ArrayList<>();
  private final List<MemoryRegion> regions = new ArrayList<>();
  private final GuestMemory memory;
  private long next = GUEST_BASE;
  private long end = GUEST_BASE;
  private boolean closed;

  private FrontendMemory(long[] sizes) throws IOException, GuestMemoryException {
    try {
      for (long size : sizes) {
        files.add(MemoryFile.create("vhost4j-frontend", size));
        regions.add(new MemoryRegion(end, size, USER_DISTANCE + end, 0));
        end += size;
      }
      memory = GuestMemory.map(regions, files.stream().mapToInt(MemoryFile::fd).toArray());
    } catch (IOException | GuestMemoryException | RuntimeException e) {
      closeFiles();
      throw e;
    }
  }

  /**
   * Creates memory of one region per size.
   *
   * @param sizes in bytes, each a multiple of 4096
   * @throws IOException if the system has not enough
   */
  public static FrontendMemory create(long... sizes) throws IOException {
    try {
      return new FrontendMemory(sizes);
    } catch (GuestMemoryException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** The regions, in the order of their addresses. */
  public List<MemoryRegion> regions() {
    return List.copyOf(regions);
  }

  /** The memory as mapped into this process; valid until {@link #close()}. */
  public GuestMemory memory() {
    return memory;
  }

  /**
   * Sets aside a piece that lies within one region.
   *
   * @param size in bytes
   * @param alignment a power of two
   * @return the guest address of the first byte
   * @throws IllegalArgumentException if there is no room left
   */
  public long allocate(long size, int alignment) {
    for (MemoryRegion region : regions) {
      long regionEnd = region.guestAddress() + region.size();
      long start = Math.max(next, region.guestAddress());
      start = (start + alignment - 1) & -alignment;
      if (start + size <= regionEnd) {
        next = start + size;
        return start;
      }
    }
    throw new IllegalArgumentException(
        "no room for " + size + " bytes in guest memory, " + (end - next) + " are left");
  }

  /** Forgets all allocations; the contents stay. */
  public void freeAll() {
    next = GUEST_BASE;
  }

  /** A new descriptor of the file behind region {@code index}, to send to a backend. */
  OwnedFd file(int index) throws IOException {
    return OwnedFd.duplicateOf(files.get(index).fd());
  }

  /** Unmaps: nobody may touch the memory or a queue in it any more. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      memory.release();
      closeFiles();
    }
  }

  private void closeFiles() {
    for (MemoryFile file : files) {
      try {
        file.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
