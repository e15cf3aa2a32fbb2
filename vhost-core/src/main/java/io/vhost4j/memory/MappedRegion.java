package io.vhost4j.memory;

import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.MountedFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * A region with its mapping, shared by reference count between successive tables.
 *
 * <p>A ByteBuffer spans at most 2 GiB - 1, so a region is seen through overlapping views in steps
 * of 1 GiB: whatever starts in the first GiB of a view is contiguous there for 1 GiB at least, or
 * to the end of the region.
 *
 * <pre>
 * region   |----1 GiB----|----1 GiB----|----1 GiB----|--rest--|
 * view 0   |===========================|
 * view 1                 |===========================|
 * view 2                               |======================|
 * view 3                                             |========|
 * </pre>
 */
final class MappedRegion {
  /** Distance between the first bytes of two neighbouring views. */
  static final long STEP = 1L << 30;

  private static final Set<String> LOCAL =
      Set.of("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "zfs", "overlay", "ramfs");

  private final MemoryRegion region;
  private final long mapping;
  private final long mappingLength;
  private final boolean mayFault;
  private final ByteBuffer[] views;
  private int users = 1;
  private boolean leftBlank;

  private MappedRegion(MemoryRegion region, long mapping, long mappingLength, boolean mayFault) {
    this.region = region;
    this.mayFault = mayFault;
    this.mapping = mapping;
    this.mappingLength = mappingLength;
    this.views = new ByteBuffer[steps(region.size())];
    for (int i = 0; i < views.length; i++) {
      long offset = i * STEP;
      views[i] =
          MemoryCalls.view(
              mapping + region.mmapOffset() + offset,
              Math.min(Integer.MAX_VALUE, region.size() - offset));
    }
  }

  /**
   * Maps a region. The mapping starts at the start of the file and not at the region's offset,
   * which need not be a multiple of the page size (C21).
   *
   * @param fd the region's file; stays the caller's, who may close it at once
   * @throws GuestMemoryException if the file is too short, cannot be mapped, or lies where an
   *     access may wait for somebody (E9)
   */
  static MappedRegion map(MemoryRegion region, int fd) throws GuestMemoryException {
    try {
      boolean inMemory = MemoryCalls.isInMemory(fd);
      if (!inMemory) {
        checkLocal(region, fd);
      }
      MemoryCalls.FileSize file = MemoryCalls.fileSize(fd);
      long end = region.mmapOffset() + region.size();
      if (file.length() < end) {
        // E9
        throw new GuestMemoryException(
            Regions.describe(region)
                + " ends at byte "
                + end
                + " of a file of "
                + file.length()
                + " bytes");
      }
      // munmap wants whole huge pages, and the block size of hugetlbfs is just that.
      long block = Math.max(1, file.blockSize());
      long length = Math.addExact(end, block - 1) / block * block;
      boolean mayFault = !inMemory || MemoryCalls.accessCanFault(fd);
      return new MappedRegion(region, MemoryCalls.map(fd, length), length, mayFault);
    } catch (IOException | ArithmeticException e) {
      // E9
      throw new GuestMemoryException(
          Regions.describe(region) + " cannot be mapped: " + e.getMessage());
    }
  }

  /** Maps a region of whole pages of a file that the kernel has made, without a question to it. */
  static MappedRegion mapOfKernel(MemoryRegion region, int fd) throws GuestMemoryException {
    try {
      long length = Math.addExact(region.mmapOffset(), region.size());
      return new MappedRegion(region, MemoryCalls.map(fd, length), length, true);
    } catch (IOException | ArithmeticException e) {
      throw new GuestMemoryException(
          Regions.describe(region) + " cannot be mapped: " + e.getMessage());
    }
  }

  /**
   * An access to a mapped page may have to fetch it, and the thread waits: on a FUSE or network
   * file system for a server, which may be the frontend itself. Nothing is asked of the file before
   * this has been checked.
   */
  private static void checkLocal(MemoryRegion region, int fd)
      throws GuestMemoryException, IOException {
    String type = MountedFiles.type(fd);
    if (type == null || !isLocal(type)) {
      // E9
      throw new GuestMemoryException(
          Regions.describe(region)
              + " lies in "
              + Descriptors.describe(fd)
              + (type == null ? "" : " (" + type + ")")
              + ": use a memfd, or a file on tmpfs, hugetlbfs or a local disk");
    }
  }

  /** Whether a file system of this type waits for nothing but a disk of this machine. */
  static boolean isLocal(String type) {
    return LOCAL.contains(type);
  }

  /** Number of views that a region of {@code size} bytes needs. */
  static int steps(long size) {
    return (int) ((size - 1) / STEP + 1);
  }

  MemoryRegion region() {
    return region;
  }

  /** Whether an access can fault, because the file's owner truncates it or no page is left. */
  boolean mayFault() {
    return mayFault;
  }

  int viewCount() {
    return views.length;
  }

  /** The view whose first byte is byte {@code index * STEP} of the region. */
  ByteBuffer view(int index) {
    return views[index];
  }

  void retain() {
    users++;
  }

  /** Somebody may touch a view after the last release. */
  void leaveBlank() {
    leftBlank = true;
  }

  void release() {
    if (--users == 0) {
      try {
        if (leftBlank) {
          MemoryCalls.blank(mapping, mappingLength);
        } else {
          MemoryCalls.unmap(mapping, mappingLength);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
