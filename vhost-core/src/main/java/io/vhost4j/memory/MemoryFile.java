package io.vhost4j.memory;

import io.vhost4j.nativeio.MemoryCalls;
import java.io.IOException;

/**
 * Memory that a frontend without a guest gives to its backend: a memfd, zeroed and sparse, sealed
 * so that it never shrinks. Its descriptor goes out with SET_MEM_TABLE, and {@link GuestMemory#map}
 * makes it accessible here.
 *
 * <pre>{@code
 * try (MemoryFile file = MemoryFile.create("demo", 1 << 20)) {
 *   MemoryRegion region = new MemoryRegion(0, file.size(), 0, 0);
 *   GuestMemory memory = GuestMemory.map(List.of(region), file.fd());
 * }
 * }</pre>
 */
public final class MemoryFile implements AutoCloseable {
  private final int fd;
  private final long size;
  private boolean closed;

  private MemoryFile(int fd, long size) {
    this.fd = fd;
    this.size = size;
  }

  /**
   * Creates a memory file.
   *
   * @param name what {@code /proc/PID/maps} shows
   * @param size in bytes
   */
  public static MemoryFile create(String name, long size) throws IOException {
    int fd = MemoryCalls.createMemoryFile(name);
    try {
      MemoryCalls.truncate(fd, size);
      MemoryCalls.sealAgainstShrinking(fd);
    } catch (IOException e) {
      MemoryCalls.closeFile(fd);
      throw e;
    }
    return new MemoryFile(fd, size);
  }

  /** The descriptor, owned by this object. */
  public int fd() {
    return fd;
  }

  /** Length in bytes. */
  public long size() {
    return size;
  }

  /** Closes the descriptor. Mappings live on. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      MemoryCalls.closeFile(fd);
    }
  }
}
