package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;

/** Memory files that cannot be mapped as guest memory, or only on some machines. */
public final class OddMemory {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int MFD_HUGETLB = 4;
  private static final int F_ADD_SEALS = 1033;
  private static final int F_SEAL_WRITE = 8;
  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;

  static {
    Native.register(OddMemory.class, NativeLibrary.getInstance(null));
  }

  private OddMemory() {}

  private static native int fallocate(int fd, int mode, long offset, long length)
      throws LastErrorException;

  private static native int memfd_create(String name, int flags) throws LastErrorException;

  /** A page that nobody may write to any more. */
  public static OwnedFd writeSealed() throws IOException {
    OwnedFd fd = create(MFD_ALLOW_SEALING, 4096);
    int unused = LibC.fcntl(fd.number(), F_ADD_SEALS, F_SEAL_WRITE);
    return fd;
  }

  /** A page, opened for reading only. */
  public static OwnedFd readOnly() throws IOException {
    try (OwnedFd fd = create(0, 4096)) {
      return ReadOnlyFile.open("/proc/self/fd/" + fd.number());
    }
  }

  /** A file of huge pages; whether there are any shows when it is mapped. */
  public static OwnedFd hugePages(long bytes) throws IOException {
    return create(MFD_HUGETLB, bytes);
  }

  /** A file of huge pages that can never be truncated; a page that the pool has not is missed. */
  public static OwnedFd sealedHugePages(long bytes) throws IOException {
    OwnedFd fd = create(MFD_HUGETLB | MFD_ALLOW_SEALING, bytes);
    MemoryCalls.sealAgainstShrinking(fd.number());
    return fd;
  }

  /** Gives the first bytes of a file back to the system, as its holders may. */
  public static void punch(OwnedFd fd, long bytes) throws IOException {
    int unused = fallocate(fd.number(), PUNCH_HOLE | KEEP_SIZE, 0, bytes);
  }

  private static OwnedFd create(int flags, long bytes) throws IOException {
    OwnedFd fd = new OwnedFd(memfd_create("odd", MFD_CLOEXEC | flags));
    MemoryCalls.truncate(fd.number(), bytes);
    return fd;
  }
}
