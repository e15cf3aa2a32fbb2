package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A device node that is spoken to by {@code ioctl}, and by messages that one {@code read} or {@code
 * write} carries whole. Owns its descriptor, which does not block. One thread at a time.
 */
public final class DeviceFile implements AutoCloseable {
  /** What {@link #read} returns if there is nothing now. */
  public static final int NOTHING = -1;

  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int O_RDWR = 2;
  private static final int O_NOCTTY = 0x100;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x80000;

  private final OwnedFd fd;

  private DeviceFile(OwnedFd fd) {
    this.fd = fd;
  }

  /**
   * Opens a node for reading and writing, without waiting for anything. A terminal does not become
   * that of this process.
   */
  public static DeviceFile open(Path path) throws NativeIoException {
    return new DeviceFile(new OwnedFd(opened(path)));
  }

  /** As {@link #open}, of a node whose hardware may keep a close waiting: a thread closes it. */
  public static DeviceFile openSlow(Path path) throws NativeIoException {
    return new DeviceFile(OwnedFd.ofPeer(opened(path)));
  }

  private static int opened(Path path) throws NativeIoException {
    try {
      return LibC.open(path.toString(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    } catch (LastErrorException e) {
      throw new NativeIoException("open", e);
    }
  }

  /**
   * Takes over a descriptor that a driver has given out, by an {@code ioctl} of another file. It
   * does not block from now on.
   *
   * @param number the descriptor, which belongs to the result; it is closed on failure
   */
  public static DeviceFile adopt(int number) throws NativeIoException {
    OwnedFd adopted = new OwnedFd(number);
    try {
      int flags = LibC.fcntl(number, F_GETFL, 0);
      int unused = LibC.fcntl(number, F_SETFL, flags | O_NONBLOCK);
      return new DeviceFile(adopted);
    } catch (LastErrorException e) {
      adopted.close();
      throw new NativeIoException("fcntl", e);
    }
  }

  /** Another descriptor of the same open file. */
  public DeviceFile duplicate() throws NativeIoException {
    return new DeviceFile(fd.duplicate());
  }

  /** The descriptor, which stays this object's. */
  public OwnedFd fd() {
    return fd;
  }

  /**
   * Calls {@code ioctl} without an argument.
   *
   * @return what the call returns, 0 or above
   */
  public int control(int request) throws NativeIoException {
    return control(request, 0);
  }

  /**
   * Calls {@code ioctl} with the address of a direct buffer's first byte.
   *
   * @param request its number, which says how long the argument is and which way it goes
   * @return what the call returns, 0 or above
   * @throws IllegalArgumentException if the buffer is shorter than the number says
   */
  public int control(int request, ByteBuffer argument) throws NativeIoException {
    int size = request >>> 16 & 0x3fff;
    if (argument.capacity() < size) {
      throw new IllegalArgumentException(argument.capacity() + " bytes, not " + size);
    }
    return control(request, address(argument));
  }

  /**
   * Calls {@code ioctl} with a number, for requests that take no address.
   *
   * @return what the call returns, 0 or above
   */
  public int control(int request, long argument) throws NativeIoException {
    try {
      return LibC.ioctl(fd.number(), Integer.toUnsignedLong(request), argument);
    } catch (LastErrorException e) {
      throw new NativeIoException("ioctl", e);
    }
  }

  /**
   * Reads one message into a direct buffer, from its first byte to its capacity.
   *
   * @return its length in bytes, or {@link #NOTHING}
   */
  public int read(ByteBuffer target) throws NativeIoException {
    try {
      return (int) LibC.read(fd.number(), address(target), target.capacity());
    } catch (LastErrorException e) {
      if (e.getErrorCode() == Errno.EAGAIN || e.getErrorCode() == Errno.EINTR) {
        return NOTHING;
      }
      throw new NativeIoException("read", e);
    }
  }

  /** Writes one message: the first {@code length} bytes of a direct buffer. */
  public void write(ByteBuffer source, int length) throws NativeIoException {
    if (length > source.capacity()) {
      throw new IllegalArgumentException(length + " bytes of " + source.capacity());
    }
    try {
      long unused = LibC.write(fd.number(), address(source), length);
    } catch (LastErrorException e) {
      throw new NativeIoException("write", e);
    }
  }

  /**
   * The address of a direct buffer's first byte, for structures that point to others. It holds for
   * as long as somebody has the buffer.
   */
  public static long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  @Override
  public void close() {
    fd.close();
  }
}
