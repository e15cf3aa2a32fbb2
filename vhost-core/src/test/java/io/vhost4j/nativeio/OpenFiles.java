package io.vhost4j.nativeio;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** What a peer can do to an open file that it shares with us. */
public final class OpenFiles {
  private static final int F_SETFL = 4;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_RDWR = 2;
  private static final int SIGCONT = 18;
  private static final int SIGSTOP = 19;

  static {
    Native.register(OpenFiles.class, NativeLibrary.getInstance(null));
  }

  private OpenFiles() {}

  private static native int kill(int pid, int signal);

  private static native int dup2(int from, int to);

  private static native int epoll_create1(int flags);

  private static native long splice(
      int from, long fromOffset, int to, long toOffset, long length, int flags);

  /** Clears O_NONBLOCK: calls of all who share the open file may block from now on. */
  public static void makeBlocking(OwnedFd fd) {
    int unused = LibC.fcntl(fd.number(), F_SETFL, O_RDWR);
  }

  /** Sets O_NONBLOCK. */
  public static void makeNonBlocking(OwnedFd fd) {
    int unused = LibC.fcntl(fd.number(), F_SETFL, O_RDWR | O_NONBLOCK);
  }

  /** Stops a process that serves files: whoever asks it for something waits. */
  public static void freeze(Process server) {
    int unused = kill((int) server.pid(), SIGSTOP);
  }

  /** Lets it go on. */
  public static void thaw(Process server) {
    int unused = kill((int) server.pid(), SIGCONT);
  }

  /** Puts another file behind the number of an open descriptor of this process. */
  public static void replace(int number, OwnedFd file) {
    int unused = dup2(file.number(), number);
  }

  /** A new epoll set. */
  public static OwnedFd epoll() throws IOException {
    return new OwnedFd(epoll_create1(0x80000));
  }

  /**
   * Moves bytes from a socket to a pipe, as soon as some come. Blocks the calling thread until
   * then, with the lock of the pipe in its hands.
   */
  public static void splice(OwnedFd socket, OwnedFd pipe) {
    long unused = splice(socket.number(), 0, pipe.number(), 0, 4096, 0);
  }

  /** Whether a thread has been in {@link #splice} for a moment, that is, waits. */
  public static boolean isLocked(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    LockSupport.parkNanos(50_000_000);
    return stack.length > 0 && stack[0].getMethodName().equals("splice");
  }
}
