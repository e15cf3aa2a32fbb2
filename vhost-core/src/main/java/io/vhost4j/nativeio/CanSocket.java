package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A raw CAN socket of Linux on one network interface: frames of the bus, and frames to it. It does
 * not block, and belongs to one thread at a time. To send and to receive allocates nothing.
 *
 * <p>Such a socket needs no privilege. A process that is not allowed to make one is in a sandbox.
 *
 * <pre>
 *   frame       0      4        5       6        8
 *               | id   | length | flags | unused | data ... |     16 bytes, or 72 of CAN FD
 *   mmsghdr     0        8           16    24       32        40            48      56
 *               | name   | namelen   | iov | iovlen | control | controllen  | flags | bytes |
 *   cmsghdr     0        8       12     16
 *               | length | level | type | frames that the kernel has dropped |
 * </pre>
 */
public final class CanSocket implements AutoCloseable {
  /** Most frames of one {@link #receive()}. */
  public static final int BATCH = 32;

  /** Bytes of a frame. */
  public static final int FRAME = 16;

  /** Bytes of a CAN FD frame. */
  public static final int FD_FRAME = 72;

  /** In an id: it has 29 bits. */
  public static final int EXTENDED = 0x8000_0000;

  /** In an id: a remote frame. */
  public static final int REMOTE = 0x4000_0000;

  /** In an id: no frame of the bus, but the news that the other bits tell. */
  public static final int ERROR = 0x2000_0000;

  /** With {@link #ERROR}: the controller has left the bus. */
  public static final int BUS_OFF = 0x40;

  /** Among the flags of a frame: it is one of CAN FD. */
  public static final int FD = 4;

  /** Where a frame has the length of its data. */
  public static final int LENGTH_OFFSET = 4;

  /** Where a frame has its flags. */
  public static final int FLAGS_OFFSET = 5;

  /** Where a frame has its data. */
  public static final int DATA_OFFSET = 8;

  private static final int AF_CAN = 29;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int PROTOCOL_RAW = 1;

  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVBUF = 8;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int SO_RXQ_OVFL = 40;
  private static final int SO_MEMINFO = 55;

  // u32[9], of which the last is the frames that were dropped
  private static final int MEMINFO_DROPS = 32;
  private static final int MEMINFO_BYTES = 36;
  private static final int SOL_CAN_RAW = 101;
  private static final int CAN_RAW_ERR_FILTER = 2;
  private static final int CAN_RAW_RECV_OWN_MSGS = 4;
  private static final int CAN_RAW_FD_FRAMES = 5;

  private static final int SIOCGIFFLAGS = 0x8913;
  private static final int SIOCGIFMTU = 0x8921;
  private static final int SIOCGIFINDEX = 0x8933;
  private static final int IFF_UP = 1;
  private static final int IFF_RUNNING = 0x40;

  // struct ifreq { char name[16]; union 24 }
  private static final int MAX_NAME = 15;
  private static final int REQUEST_VALUE = 16;
  private static final int REQUEST_BYTES = 40;

  // struct sockaddr_can { u16 family; int interface; 16 more }
  private static final int ADDRESS_BYTES = 24;

  /** What the kernel keeps for us, in its own reckoning of some 800 bytes a frame. */
  private static final int RECEIVE_BYTES = 4 << 20;

  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_CONFIRM = 0x800;
  private static final int MSG_NOSIGNAL = 0x4000;

  // Of each frame of a batch: struct mmsghdr, struct iovec, a cmsg, the frame
  private static final int CONTROL_LENGTH = 40;
  private static final int MESSAGE_FLAGS = 48;
  private static final int MESSAGE_BYTES = 56;
  private static final int MESSAGE = 64;
  private static final int VECTOR = 16;
  private static final int CONTROL = 24;
  private static final int DROPPED = 16;
  private static final int VECTORS = BATCH * MESSAGE;
  private static final int CONTROLS = VECTORS + BATCH * VECTOR;
  private static final int FRAMES = CONTROLS + BATCH * CONTROL;
  private static final int OUTGOING = FRAMES + BATCH * FD_FRAME;
  private static final int SIZE = OUTGOING + FD_FRAME;

  private final OwnedFd fd;
  private final String name;
  private final Memory memory = new Memory(SIZE);
  private final long address = Pointer.nativeValue(memory);
  private final ByteBuffer bytes = memory.getByteBuffer(0, SIZE).order(ByteOrder.nativeOrder());
  private final ByteBuffer outgoing =
      memory.getByteBuffer(OUTGOING, FD_FRAME).order(ByteOrder.nativeOrder());

  private int droppedBefore;
  private int dropped;

  private CanSocket(OwnedFd fd, String name) {
    this.fd = fd;
    this.name = name;
    memory.clear();
    for (int i = 0; i < BATCH; i++) {
      int vector = VECTORS + i * VECTOR;
      int control = CONTROLS + i * CONTROL;
      bytes.putLong(vector, address + offset(i)).putLong(vector + 8, FD_FRAME);
      bytes.putLong(i * MESSAGE + 16, address + vector).putLong(i * MESSAGE + 24, 1);
      bytes.putLong(i * MESSAGE + 32, address + control);
      bytes.putLong(i * MESSAGE + CONTROL_LENGTH, CONTROL);
    }
  }

  /**
   * A socket for all frames of an interface, up or down. May wait for a lock of the kernel's
   * network, so it is not for an event loop.
   *
   * @param name of the interface, as {@code ip link} shows it
   * @param confirms whether frames that were sent here come back when the bus has them, see {@link
   *     #isConfirmation}
   * @throws NativeIoException ENODEV if there is no such interface, or it is none of a CAN bus;
   *     EAFNOSUPPORT or EPROTONOSUPPORT if the kernel has no such sockets, or a sandbox says so
   */
  public static CanSocket open(String name, boolean confirms) throws NativeIoException {
    OwnedFd fd;
    try {
      // To close it waits for the lock of the kernel's network, so a thread does it.
      fd =
          OwnedFd.ofPeer(
              LibC.socket(AF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, PROTOCOL_RAW));
    } catch (LastErrorException e) {
      throw new NativeIoException("socket", e);
    }
    CanSocket socket = new CanSocket(fd, name);
    try {
      socket.bind(confirms);
      return socket;
    } catch (NativeIoException e) {
      fd.close();
      throw e;
    }
  }

  private void bind(boolean confirms) throws NativeIoException {
    try {
      option(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES);
    } catch (NativeIoException e) { // that is a privilege: then as much as everybody may have
      option(SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
    }
    option(SOL_SOCKET, SO_RXQ_OVFL, 1);
    option(SOL_CAN_RAW, CAN_RAW_ERR_FILTER, BUS_OFF);
    option(SOL_CAN_RAW, CAN_RAW_FD_FRAMES, 1);
    option(SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, confirms ? 1 : 0);
    int index = ask(SIOCGIFINDEX);
    NativeScratch scratch = NativeScratch.get();
    for (int i = 0; i < ADDRESS_BYTES; i += Long.BYTES) {
      scratch.buffer.putLong(i, 0);
    }
    scratch.buffer.putShort(0, (short) AF_CAN).putInt(4, index);
    try {
      int unused = LibC.bind(fd.number(), scratch.address, ADDRESS_BYTES);
    } catch (LastErrorException e) {
      throw new NativeIoException("bind", e);
    }
  }

  private void option(int level, int option, int value) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putInt(0, value);
    try {
      int unused = LibC.setsockopt(fd.number(), level, option, scratch.address, Integer.BYTES);
    } catch (LastErrorException e) {
      throw new NativeIoException("setsockopt", e);
    }
  }

  /** Asks the kernel about the interface. */
  private int ask(int request) throws NativeIoException {
    NativeScratch scratch = NativeScratch.get();
    for (int i = 0; i < REQUEST_BYTES; i += Long.BYTES) {
      scratch.buffer.putLong(i, 0);
    }
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    scratch.buffer.put(0, text, 0, Math.min(text.length, MAX_NAME));
    try {
      int unused = LibC.ioctl(fd.number(), request, scratch.address);
    } catch (LastErrorException e) {
      throw new NativeIoException("ioctl", e);
    }
    return scratch.buffer.getInt(REQUEST_VALUE);
  }

  /**
   * Whether the interface is up.
   *
   * @throws NativeIoException ENODEV if there is none any more
   */
  public boolean isUp() throws NativeIoException {
    return (ask(SIOCGIFFLAGS) & IFF_UP) != 0;
  }

  /**
   * Whether frames can go through the interface: it is up, and its controller is on the bus.
   *
   * @throws NativeIoException ENODEV if there is none any more
   */
  public boolean isRunning() throws NativeIoException {
    int both = IFF_UP | IFF_RUNNING;
    return (ask(SIOCGIFFLAGS) & both) == both;
  }

  /** Whether the interface takes frames of CAN FD. */
  public boolean takesFd() throws NativeIoException {
    return ask(SIOCGIFMTU) >= FD_FRAME;
  }

  /** The descriptor, which stays this object's. It is readable when there are frames. */
  public OwnedFd fd() {
    return fd;
  }

  /**
   * Receives up to {@link #BATCH} frames, of which the methods below tell until the next call.
   *
   * @return how many; 0 if there are none now
   * @throws NativeIoException ENETDOWN or ENODEV if the interface is down or gone; others too
   */
  public int receive() throws NativeIoException {
    int count = LibC.recvmmsg(fd.number(), address, BATCH, MSG_DONTWAIT, 0);
    if (count < 0) {
      int errno = Native.getLastError();
      if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
        return 0;
      }
      throw new NativeIoException("recvmmsg", new LastErrorException(errno));
    }
    for (int i = 0; i < count; i++) {
      int message = i * MESSAGE;
      if (bytes.getLong(message + CONTROL_LENGTH) == CONTROL) {
        toldDropped(bytes.getInt(CONTROLS + i * CONTROL + DROPPED));
      }
      bytes.putLong(message + CONTROL_LENGTH, CONTROL);
    }
    return count;
  }

  /** What frames say is as old as they are. */
  private void toldDropped(int count) {
    if (count - dropped > 0) {
      dropped = count;
    }
  }

  /**
   * Asks how many frames the kernel has dropped. It tells by itself with the next frame, which on a
   * silent bus never comes.
   */
  public void askDropped() {
    NativeScratch scratch = NativeScratch.get();
    scratch.buffer.putInt(MEMINFO_DROPS, dropped).putInt(MEMINFO_BYTES, MEMINFO_BYTES);
    try {
      int unused =
          LibC.getsockopt(
              fd.number(),
              SOL_SOCKET,
              SO_MEMINFO,
              scratch.address,
              scratch.address + MEMINFO_BYTES);
    } catch (LastErrorException e) {
      return; // Linux before 4.12 does not say
    }
    toldDropped(scratch.buffer.getInt(MEMINFO_DROPS));
  }

  /**
   * Frames that the kernel has dropped since the last call, as nobody had received them in time.
   */
  public int takeDropped() {
    int more = dropped - droppedBefore;
    droppedBefore = dropped;
    return more;
  }

  /** Length of frame {@code i} in bytes: {@link #FRAME}, {@link #FD_FRAME}, or no frame at all. */
  public int length(int i) {
    return bytes.getInt(i * MESSAGE + MESSAGE_BYTES);
  }

  /** Whether frame {@code i} was sent by this socket: the bus has it now. */
  public boolean isConfirmation(int i) {
    return (bytes.getInt(i * MESSAGE + MESSAGE_FLAGS) & MSG_CONFIRM) != 0;
  }

  /** Where frame {@code i} begins in {@link #frames()}. */
  public int offset(int i) {
    return FRAMES + i * FD_FRAME;
  }

  /** The memory that the frames were received into, in the byte order of this machine. */
  public ByteBuffer frames() {
    return bytes;
  }

  /**
   * Where to put a frame that is to be sent, from index 0 on, in the byte order of this machine.
   */
  public ByteBuffer outgoing() {
    return outgoing;
  }

  /**
   * Sends {@link #outgoing()}.
   *
   * @param length in bytes, {@link #FRAME} or {@link #FD_FRAME}
   * @return 0, or why it was not sent: ENOBUFS or EAGAIN if there is no room now, see {@link Errno}
   */
  public int send(int length) {
    long sent = LibC.send(fd.number(), address + OUTGOING, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent == length ? 0 : Math.max(1, Native.getLastError());
  }

  @Override
  public void close() {
    fd.close();
  }
}
