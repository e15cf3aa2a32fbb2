package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Calls on any file descriptor. Any thread. */
public final class Descriptors {
  private static final String EVENTFD = "anon_inode:[eventfd]";

  private static final String PIPE = "pipe:[";
  private static final int F_GETFL = 3;
  private static final int O_ACCMODE = 3;
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_NOCTTY = 0x100;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_PATH = 0x200000;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final short POLLIN = 1;
  private static final short POLLOUT = 4;
  private static final short POLLHUP = 0x10;
  private static final short POLLRDHUP = 0x2000;

  private Descriptors() {}

  /** Closes a descriptor; an error is of no use to anyone, the number is free after it as well. */
  static void close(int fd) {
    try {
      LibC.close(fd);
    } catch (LastErrorException e) {
      // EBADF would be our own fault; EIO and EINTR leave the descriptor closed on Linux.
      assert e.getErrorCode() != 9 : "close of " + fd + ", which is not open";
    }
  }

  /** A new descriptor of the same open file, close-on-exec. */
  static int duplicate(int fd) throws NativeIoException {
    try {
      return LibC.fcntl(fd, F_DUPFD_CLOEXEC, 3);
    } catch (LastErrorException e) {
      throw new NativeIoException("dup", e);
    }
  }

  /**
   * Opens the file of a descriptor anew, so that it does not block although whoever shares the
   * descriptor may. Not possible with sockets.
   *
   * @param forWriting whether it is written, or read
   */
  public static OwnedFd reopen(int fd, boolean forWriting) throws NativeIoException {
    int flags = (forWriting ? O_WRONLY : O_RDONLY) | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    try {
      return new OwnedFd(LibC.open("/proc/self/fd/" + fd, flags));
    } catch (LastErrorException e) {
      throw new NativeIoException("open", e);
    }
  }

  /** Whether the descriptor is open for writing. */
  public static boolean isWritable(int fd) throws NativeIoException {
    int flags = flags(fd);
    return (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
  }

  /** Whether the descriptor is open for reading. */
  public static boolean isReadable(int fd) throws NativeIoException {
    int flags = flags(fd);
    return (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_WRONLY;
  }

  private static int flags(int fd) throws NativeIoException {
    try {
      return LibC.fcntl(fd, F_GETFL, 0);
    } catch (LastErrorException e) {
      throw new NativeIoException("fcntl", e);
    }
  }

  /** Whether the descriptor is an eventfd. */
  public static boolean isEventFd(int fd) throws IOException {
    return describe(fd).equals(EVENTFD);
  }

  /** Whether the descriptor is an end of a pipe without a name. */
  public static boolean isPipe(int fd) throws IOException {
    return describe(fd).startsWith(PIPE);
  }

  /** Whether a write would not block right now. */
  public static boolean writable(int fd) throws NativeIoException {
    return poll(fd, POLLOUT, 0);
  }

  /**
   * Whether the other end is gone for good: nobody reads there any more. Known of pipes, Unix
   * sockets and pseudo-terminals.
   */
  public static boolean isHungUp(int fd) throws NativeIoException {
    return poll(fd, POLLHUP, 0);
  }

  /**
   * Whether the other end of a socket writes nothing any more, though there may be some to read.
   */
  public static boolean hasEnded(int fd) throws NativeIoException {
    return poll(fd, POLLRDHUP, 0);
  }

  /**
   * Blocks the calling thread until a read would not block.
   *
   * @param timeoutMillis longest wait in milliseconds; negative for no limit
   * @return false if the time is over or a signal came in between
   */
  public static boolean awaitReadable(int fd, int timeoutMillis) throws NativeIoException {
    return poll(fd, POLLIN, timeoutMillis);
  }

  private static boolean poll(int fd, short event, int timeoutMillis) throws NativeIoException {
    // struct pollfd { int fd; short events; short revents; }
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putInt(0, fd).putShort(4, event).putShort(6, (short) 0);
    try {
      return LibC.poll(scratch.address, 1, timeoutMillis) == 1
          && (scratch.buffer.getShort(6) & event) != 0;
    } catch (LastErrorException e) {
      if (e.getErrorCode() == Errno.EINTR) {
        return false;
      }
      throw new NativeIoException("poll", e);
    }
  }

  /**
   * What the kernel calls the open file, for example {@code anon_inode:[eventfd]} or a path.
   *
   * @throws IOException if the descriptor is not open or /proc is not there
   */
  public static String describe(int fd) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
  }
}
