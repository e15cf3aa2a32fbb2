package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;

/** TCP sockets on the loopback address; non-blocking and close-on-exec. Any thread. */
public final class TcpSocket {
  private static final int AF_INET = 2;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_REUSEADDR = 2;

  // struct sockaddr_in { u16 family; be16 port; u8 address[4]; u8 zero[8]; }
  private static final int ADDRESS_BYTES = 16;

  private TcpSocket() {}

  /**
   * A socket that listens at 127.0.0.1, where only programs of this machine can connect.
   *
   * @param port 1 to 65535, or 0 for any that is free
   */
  public static OwnedFd listen(int port, int backlog) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    try {
      OwnedFd socket =
          new OwnedFd(LibC.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      try {
        scratch.buffer.putInt(0, 1);
        LibC.setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, scratch.address, Integer.BYTES);
        scratch.buffer.putShort(0, (short) AF_INET);
        scratch.buffer.put(2, (byte) (port >> 8)).put(3, (byte) port);
        scratch.buffer.put(4, new byte[] {127, 0, 0, 1}).putLong(8, 0);
        LibC.bind(socket.number(), scratch.address, ADDRESS_BYTES);
        LibC.listen(socket.number(), backlog);
        return socket;
      } catch (LastErrorException e) {
        socket.close();
        throw e;
      }
    } catch (LastErrorException e) {
      throw new NativeIoException("listen", e);
    }
  }

  /** The port that a socket is bound to. */
  public static int port(OwnedFd socket) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putInt(ADDRESS_BYTES, ADDRESS_BYTES);
    try {
      LibC.getsockname(socket.number(), scratch.address, scratch.address + ADDRESS_BYTES);
    } catch (LastErrorException e) {
      throw new NativeIoException("getsockname", e);
    }
    return Byte.toUnsignedInt(scratch.buffer.get(2)) << 8
        | Byte.toUnsignedInt(scratch.buffer.get(3));
  }
}
