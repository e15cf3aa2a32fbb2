package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes together with file descriptors over a Unix socket: sendmsg and recvmsg with SCM_RIGHTS. One
 * thread at a time. The layouts are those of glibc and musl on all 64-bit architectures.
 *
 * <pre>
 *   msghdr  0        8           16    24       32        40            48
 *           | name   | namelen   | iov | iovlen | control | controllen  | flags |
 *   iovec   0        8
 *           | base   | length    |
 *   cmsghdr 0        8           12    16
 *           | length | level     | type | descriptors, 4 bytes each ... |
 * </pre>
 */
public final class ScmSocket {
  /** Most descriptors that are received at a time: a memory table of 32 regions (C1, C20). */
  public static final int MAX_FDS = 32;

  /** Most that can be sent with one message: there is room for as many, see {@link #receive}. */
  private static final int SYSTEM_MAX_FDS = 253;

  /** Result of {@link #receive} when there is nothing to read now. */
  public static final int NOTHING = -1;

  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  private static final int IOV_OFFSET = 56;
  private static final int CONTROL_OFFSET = 72;
  private static final int CMSG_HEADER = 16;
  private static final int CONTROL_BYTES = CMSG_HEADER + align(SYSTEM_MAX_FDS * Integer.BYTES);

  private final OwnedFd socket;
  private final int maxFds;
  private final Memory memory;
  private final long address;
  private final ByteBuffer header;

  /**
   * @param socket a connected stream socket, whose owner closes it
   */
  public ScmSocket(OwnedFd socket) {
    this(socket, MAX_FDS);
  }

  ScmSocket(OwnedFd socket, int maxFds) {
    this.socket = socket;
    this.maxFds = maxFds;
    this.memory = new Memory(CONTROL_OFFSET + CONTROL_BYTES);
    this.address = Pointer.nativeValue(memory);
    this.header = memory.getByteBuffer(0, memory.size()).order(ByteOrder.nativeOrder());
    memory.clear();
  }

  /**
   * Reads up to {@code target.remaining()} bytes and the descriptors that come with them, and
   * advances the position.
   *
   * <p>All descriptors are received, wanted or not: those that there is no room for the kernel
   * closes in the calling thread, which may have to wait then (see {@link OwnedFd#ofPeer}).
   *
   * @param target a direct buffer with room
   * @param fds receives the descriptors, all close-on-exec; the caller owns them
   * @return bytes read, 0 if the peer has closed, {@link #NOTHING} if there is nothing now
   * @throws IOException if the call fails, or if not all descriptors could be received, because
   *     more than {@link #MAX_FDS} came or this process may open no more; all are then closed
   */
  public int receive(ByteBuffer target, List<OwnedFd> fds) throws IOException {
    prepare(target, CONTROL_BYTES);
    int count;
    try {
      count = (int) LibC.recvmsg(socket.number(), address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } catch (LastErrorException e) {
      if (e.getErrorCode() == Errno.EAGAIN || e.getErrorCode() == Errno.EINTR) {
        return NOTHING;
      }
      throw new NativeIoException("recvmsg", e);
    }
    target.position(target.position() + count);
    List<OwnedFd> received = new ArrayList<>();
    takeDescriptors(received);
    if (truncated() || received.size() > maxFds) {
      received.forEach(OwnedFd::close);
      throw new IOException(
          "descriptors were lost: more than "
              + maxFds
              + " with one message, or too many files open in this process");
    }
    fds.addAll(received);
    return count;
  }

  /**
   * Reads up to {@code target.remaining()} bytes that come without descriptors, and advances the
   * position.
   *
   * @param target a direct buffer with room
   * @return as {@link #receive(ByteBuffer, List)}
   * @throws IOException if the call fails, or if descriptors came, which are closed then
   */
  public int receive(ByteBuffer target) throws IOException {
    List<OwnedFd> fds = new ArrayList<>();
    int count = receive(target, fds);
    if (!fds.isEmpty()) {
      fds.forEach(OwnedFd::close);
      throw new IOException("descriptors came behind the first byte of a message");
    }
    return count;
  }

  private boolean truncated() {
    return (header.getInt(48) & MSG_CTRUNC) != 0;
  }

  /**
   * Sends {@code source} from position to limit, as much as the socket takes, and advances the
   * position.
   *
   * @param source a direct buffer that is not empty
   * @param fds descriptors that travel with the first byte; they stay the caller's
   * @return bytes sent, {@link #NOTHING} if the socket takes nothing now (then no descriptor went)
   */
  public int send(ByteBuffer source, List<OwnedFd> fds) throws IOException {
    if (fds.size() > maxFds) {
      throw new IllegalArgumentException(fds.size() + " descriptors, more than " + maxFds);
    }
    int length = CMSG_HEADER + fds.size() * Integer.BYTES;
    prepare(source, fds.isEmpty() ? 0 : align(length));
    if (!fds.isEmpty()) {
      header.putLong(CONTROL_OFFSET, length);
      header.putInt(CONTROL_OFFSET + 8, SOL_SOCKET).putInt(CONTROL_OFFSET + 12, SCM_RIGHTS);
      for (int i = 0; i < fds.size(); i++) {
        header.putInt(CONTROL_OFFSET + CMSG_HEADER + i * Integer.BYTES, fds.get(i).number());
      }
    }
    try {
      int count = (int) LibC.sendmsg(socket.number(), address, MSG_DONTWAIT | MSG_NOSIGNAL);
      source.position(source.position() + count);
      return count;
    } catch (LastErrorException e) {
      if (e.getErrorCode() == Errno.EAGAIN || e.getErrorCode() == Errno.EINTR) {
        return NOTHING;
      }
      throw new NativeIoException("sendmsg", e);
    }
  }

  private void prepare(ByteBuffer data, int controlLength) {
    if (!data.hasRemaining()) {
      throw new IllegalArgumentException("empty buffer");
    }
    long base = Pointer.nativeValue(Native.getDirectBufferPointer(data)) + data.position();
    header.putLong(IOV_OFFSET, base).putLong(IOV_OFFSET + 8, data.remaining());
    header.putLong(16, address + IOV_OFFSET).putLong(24, 1);
    header.putLong(32, controlLength == 0 ? 0 : address + CONTROL_OFFSET);
    header.putLong(40, controlLength).putInt(48, 0);
  }

  private void takeDescriptors(List<OwnedFd> fds) {
    long end = CONTROL_OFFSET + header.getLong(40);
    int start = CONTROL_OFFSET;
    while (start + CMSG_HEADER <= end) {
      int length = (int) header.getLong(start);
      if (length < CMSG_HEADER) {
        break;
      }
      if (header.getInt(start + 8) == SOL_SOCKET && header.getInt(start + 12) == SCM_RIGHTS) {
        for (int at = CMSG_HEADER; at + Integer.BYTES <= length; at += Integer.BYTES) {
          fds.add(OwnedFd.ofPeer(header.getInt(start + at)));
        }
      }
      start += align(length);
    }
  }

  private static int align(int length) {
    return (length + 7) & ~7;
  }
}
