package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory files and their mappings: {@code memfd_create}, {@code ftruncate}, {@code fcntl} for
 * seals, {@code statx}, {@code mmap}, {@code munmap}, {@code close}. Any thread; control path only.
 * Every failure is an {@link IOException} of one line that ends with the system's own words.
 */
public final class MemoryCalls {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  private static final int F_SEAL_SHRINK = 2;
  private static final int EINVAL = 22;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE_FIXED_ANONYMOUS_NORESERVE = 0x2 | 0x10 | 0x20 | 0x4000;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_SIZE = 0x200;

  /** {@code struct statx} has one layout on all architectures, {@code struct stat} has not. */
  private static final int STATX_BYTES = 256;

  /** {@code struct statfs} begins with the type, a long; it has 120 bytes on 64-bit systems. */
  private static final int STATFS_BYTES = 256;

  private static final long HUGETLBFS_MAGIC = 0x958458f6L;
  private static final Path OVERCOMMIT = Path.of("/proc/sys/vm/overcommit_memory");
  private static final String OVERCOMMIT_NEVER = "2";
  private static final int STATX_BLKSIZE_OFFSET = 4;
  private static final int STATX_SIZE_OFFSET = 40;

  static {
    Native.register(MemoryCalls.class, NativeLibrary.getInstance(null));
  }

  private MemoryCalls() {}

  private static native int memfd_create(String name, int flags) throws LastErrorException;

  private static native int fcntl(int fd, int command, int argument) throws LastErrorException;

  private static native int fstatfs(int fd, Pointer statfs) throws LastErrorException;

  private static native int ftruncate(int fd, long length) throws LastErrorException;

  private static native int statx(int dirfd, String path, int flags, int mask, Pointer statx)
      throws LastErrorException;

  private static native long mmap(long address, long length, int prot, int flags, int fd, long off)
      throws LastErrorException;

  private static native int munmap(long address, long length) throws LastErrorException;

  private static native int close(int fd) throws LastErrorException;

  /**
   * Creates an anonymous memory file of 0 bytes, closed on exec.
   *
   * @param name what {@code /proc/PID/maps} shows
   * @return the descriptor, the caller's to close
   */
  public static int createMemoryFile(String name) throws IOException {
    try {
      return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    } catch (LastErrorException e) {
      throw failed("memfd_create of " + name, e);
    }
  }

  /** Sets the length of a file in bytes. Accesses to mapped pages beyond it fault from then on. */
  public static void truncate(int fd, long length) throws IOException {
    try {
      int unused = ftruncate(fd, length);
    } catch (LastErrorException e) {
      throw failed("ftruncate to " + length + " bytes", e);
    }
  }

  /** Forbids for ever that the file becomes shorter: nobody's accesses to it can fault then. */
  public static void sealAgainstShrinking(int fd) throws IOException {
    try {
      int unused = fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    } catch (LastErrorException e) {
      throw failed("sealing of descriptor " + fd, e);
    }
  }

  /** Whether nobody can make the file shorter. Only memory files know seals. */
  public static boolean isSealedAgainstShrinking(int fd) {
    try {
      return (fcntl(fd, F_GET_SEALS, 0) & F_SEAL_SHRINK) != 0;
    } catch (LastErrorException e) {
      return false;
    }
  }

  /**
   * Whether an access to a mapping of a file in memory ({@link #isInMemory}) can fault: not if
   * nobody can make the file shorter, and pages are always to be had. Huge pages come from a pool
   * that may be empty, and a system that promises no more memory than it has may refuse others too.
   */
  public static boolean accessCanFault(int fd) throws IOException {
    return !isSealedAgainstShrinking(fd) || isOfHugePages(fd) || isOvercommitForbidden();
  }

  private static boolean isOfHugePages(int fd) throws IOException {
    try (Memory buffer = new Memory(STATFS_BYTES)) {
      int unused = fstatfs(fd, buffer);
      return buffer.getNativeLong(0).longValue() == HUGETLBFS_MAGIC;
    } catch (LastErrorException e) {
      throw failed("fstatfs of descriptor " + fd, e);
    }
  }

  private static boolean isOvercommitForbidden() throws IOException {
    return Files.readString(OVERCOMMIT).trim().equals(OVERCOMMIT_NEVER);
  }

  /**
   * Whether the file lies in memory: a memory file, or a file on tmpfs or hugetlbfs. Asks no file
   * system, which a peer may have made to let us wait: none but those have seals.
   */
  public static boolean isInMemory(int fd) throws IOException {
    try {
      int unused = fcntl(fd, F_GET_SEALS, 0);
      return true;
    } catch (LastErrorException e) {
      if (e.getErrorCode() == EINVAL) {
        return false;
      }
      throw failed("fcntl of descriptor " + fd, e);
    }
  }

  /** Length in bytes and preferred block size in bytes of an open file. */
  public record FileSize(long length, int blockSize) {}

  /** Asks for the size of the file behind a descriptor. */
  public static FileSize fileSize(int fd) throws IOException {
    try (Memory buffer = new Memory(STATX_BYTES)) {
      int unused = statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, buffer);
      return new FileSize(buffer.getLong(STATX_SIZE_OFFSET), buffer.getInt(STATX_BLKSIZE_OFFSET));
    } catch (LastErrorException e) {
      throw failed("statx of descriptor " + fd, e);
    }
  }

  /**
   * Maps the first {@code length} bytes of a file, shared, for reading and writing. The mapping
   * outlives the descriptor.
   *
   * @return the address, to be given to {@link #unmap(long, long)} with the same length
   */
  public static long map(int fd, long length) throws IOException {
    try {
      return mmap(0, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    } catch (LastErrorException e) {
      throw failed("mmap of " + length + " bytes", e);
    }
  }

  /**
   * Removes a mapping. Whoever touches a view of it afterwards ends the process: the caller has
   * made sure that nobody will.
   */
  public static void unmap(long address, long length) throws IOException {
    try {
      int unused = munmap(address, length);
    } catch (LastErrorException e) {
      throw failed("munmap of " + length + " bytes", e);
    }
  }

  /**
   * Puts blank memory of this process alone in place of a mapping, for ever: whoever touches a view
   * of it afterwards does no harm to anyone. What was mapped is let go as by {@link #unmap}.
   */
  public static void blank(long address, long length) throws IOException {
    try {
      long unused =
          mmap(address, length, PROT_READ_WRITE, MAP_PRIVATE_FIXED_ANONYMOUS_NORESERVE, -1, 0);
    } catch (LastErrorException e) {
      throw failed("mmap of " + length + " blank bytes", e);
    }
  }

  /**
   * A little-endian view of mapped memory, which must stay mapped as long as the view is in use.
   *
   * @param length in bytes, at most {@link Integer#MAX_VALUE}
   */
  public static ByteBuffer view(long address, long length) {
    return new Pointer(address).getByteBuffer(0, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Closes a descriptor. */
  public static void closeFile(int fd) throws IOException {
    try {
      int unused = close(fd);
    } catch (LastErrorException e) {
      throw failed("close of descriptor " + fd, e);
    }
  }

  /** JNA's message is the number in brackets and the system's text. */
  private static IOException failed(String what, LastErrorException e) {
    return new IOException(what + " failed: " + e.getMessage());
  }
}
