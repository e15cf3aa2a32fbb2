package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Stream sockets of the Unix domain; all are made non-blocking and close-on-exec. Any thread. */
public final class UnixSocket {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_ACCEPTCONN = 30;
  private static final int SO_DOMAIN = 39;
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int SHUT_RDWR = 2;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;

  // struct sockaddr_un { u16 family; char path[108]; }, the path with a final NUL
  private static final int PATH_OFFSET = 2;
  private static final int MAX_PATH = 107;

  private UnixSocket() {}

  /** A socket that is neither bound nor connected. */
  public static OwnedFd create() throws NativeIoException {
    try {
      return new OwnedFd(LibC.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    } catch (LastErrorException e) {
      throw new NativeIoException("socket", e);
    }
  }

  /** Two sockets connected to each other. */
  public static OwnedFd[] pair() throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    try {
      LibC.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, scratch.address);
    } catch (LastErrorException e) {
      throw new NativeIoException("socketpair", e);
    }
    return new OwnedFd[] {
      new OwnedFd(scratch.buffer.getInt(0)), new OwnedFd(scratch.buffer.getInt(4))
    };
  }

  /**
   * Binds to a path, which must not exist yet.
   *
   * @throws IOException if the path is too long, or from the call
   */
  public static void bind(OwnedFd socket, Path path) throws IOException {
    NativeScratch scratch = NativeScratch.get();
    int length = putAddress(scratch, path);
    try {
      LibC.bind(socket.number(), scratch.address, length);
    } catch (LastErrorException e) {
      throw new NativeIoException("bind", e);
    }
  }

  /**
   * Sets who may connect to a bound socket, whatever the umask says. A link that somebody has put
   * into its place is not followed.
   *
   * @param mode permission bits, 0 to 0777
   */
  public static void setMode(Path path, int mode) throws IOException {
    NativeScratch scratch = NativeScratch.get();
    putAddress(scratch, path);
    try {
      LibC.fchmodat(AT_FDCWD, scratch.address + PATH_OFFSET, mode, AT_SYMLINK_NOFOLLOW);
    } catch (LastErrorException e) {
      throw new NativeIoException("chmod", e);
    }
  }

  /** Starts to listen. */
  public static void listen(OwnedFd socket, int backlog) throws NativeIoException {
    try {
      LibC.listen(socket.number(), backlog);
    } catch (LastErrorException e) {
      throw new NativeIoException("listen", e);
    }
  }

  /**
   * Connects to a path. A Unix socket connects at once or fails; EAGAIN means a full backlog.
   *
   * @throws IOException if the path is too long, or from the call
   */
  public static void connect(OwnedFd socket, Path path) throws IOException {
    NativeScratch scratch = NativeScratch.get();
    int length = putAddress(scratch, path);
    try {
      LibC.connect(socket.number(), scratch.address, length);
    } catch (LastErrorException e) {
      throw new NativeIoException("connect", e);
    }
  }

  /** Accepts a connection, or returns null if none waits. */
  public static @Nullable OwnedFd accept(OwnedFd listener) throws NativeIoException {
    try {
      return OwnedFd.ofPeer(LibC.accept4(listener.number(), 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC));
    } catch (LastErrorException e) {
      if (e.getErrorCode() == Errno.EAGAIN || e.getErrorCode() == Errno.EINTR) {
        return null;
      }
      throw new NativeIoException("accept", e);
    }
  }

  /**
   * Sends the 8 bytes of a signal on a connected Unix socket of any type. Never blocks, and cannot
   * fail: a full socket has signals enough, and one whose peer is gone needs none. Allocates
   * nothing.
   */
  public static void signal(OwnedFd socket) {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putLong(0, 1);
    long unused =
        LibC.send(socket.number(), scratch.address, Long.BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** What {@link #receive} and {@link #send} return if nothing can be moved now. */
  public static final int NOTHING = -1;

  /**
   * Reads what there is into a direct buffer, from its position on, which advances. Never waits.
   *
   * @param target has room
   * @return bytes read, 0 if the peer sends no more, {@link #NOTHING} if there is nothing now
   */
  public static int receive(OwnedFd socket, ByteBuffer target) throws NativeIoException {
    try {
      int count = (int) LibC.read(socket.number(), address(target), target.remaining());
      target.position(target.position() + count);
      return count;
    } catch (LastErrorException e) {
      if (e.getErrorCode() == Errno.EAGAIN || e.getErrorCode() == Errno.EINTR) {
        return NOTHING;
      }
      throw new NativeIoException("read", e);
    }
  }

  /**
   * Sends what the socket takes of a direct buffer, from its position on, which advances. Never
   * waits.
   *
   * @return bytes sent, or {@link #NOTHING}
   * @throws NativeIoException if the peer is gone
   */
  public static int send(OwnedFd socket, ByteBuffer source) throws NativeIoException {
    long count =
        LibC.send(
            socket.number(), address(source), source.remaining(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      int errno = Native.getLastError();
      if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
        return NOTHING;
      }
      throw new NativeIoException("send", new LastErrorException(errno));
    }
    source.position(source.position() + (int) count);
    return (int) count;
  }

  private static long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct)) + direct.position();
  }

  /** Ends a connection in both directions, whoever still holds the socket. Never fails. */
  public static void hangUp(OwnedFd socket) {
    int unused = LibC.shutdown(socket.number(), SHUT_RDWR);
  }

  /** Whether the descriptor is a socket of the Unix domain, of any type. */
  public static boolean isUnix(OwnedFd fd) {
    try {
      return option(fd, SO_DOMAIN) == AF_UNIX;
    } catch (NativeIoException e) {
      return false;
    }
  }

  /** Whether the descriptor is a stream socket of the Unix domain. */
  public static boolean isUnixStream(OwnedFd fd) {
    try {
      return option(fd, SO_DOMAIN) == AF_UNIX && option(fd, SO_TYPE) == SOCK_STREAM;
    } catch (NativeIoException e) {
      return false;
    }
  }

  /** Whether the socket listens, rather than being connected (D2). */
  public static boolean isListening(OwnedFd socket) throws NativeIoException {
    return option(socket, SO_ACCEPTCONN) != 0;
  }

  private static int option(OwnedFd socket, int option) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putInt(0, 0).putInt(8, Integer.BYTES);
    try {
      LibC.getsockopt(socket.number(), SOL_SOCKET, option, scratch.address, scratch.address + 8);
    } catch (LastErrorException e) {
      throw new NativeIoException("getsockopt", e);
    }
    return scratch.buffer.getInt(0);
  }

  private static int putAddress(NativeScratch scratch, Path path) throws IOException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length > MAX_PATH) {
      throw new IOException(
          "the path has "
              + name.length
              + " bytes, more than "
              + MAX_PATH
              + ": choose a shorter one");
    }
    scratch.buffer.putShort(0, (short) AF_UNIX).put(PATH_OFFSET, name);
    scratch.buffer.put(PATH_OFFSET + name.length, (byte) 0);
    return PATH_OFFSET + name.length + 1;
  }
}
