package io.vhost4j.device.can;

import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.ByteBuffer;

/**
 * A frame of a CAN bus, classic or FD. Made once and filled often; one thread at a time.
 *
 * <p>In guest memory, of the tx queue and of the rx queue:
 *
 * <pre>
 *   0      2        4                 8       12   16
 *   | type | length | dlc, reserved   | flags | id | data ... |
 * </pre>
 */
final class CanFrame {
  /** Bytes in front of the data in guest memory. */
  static final int HEADER = 16;

  /** Most data of a classic frame. */
  static final int MAX_CLASSIC = 8;

  /** Most data of any frame. */
  static final int MAX_DATA = 64;

  /** Flag: it asks for data, and has none. */
  static final int RTR = 0x2000;

  /** Flag: one of CAN FD. */
  static final int FD = 0x4000;

  /** Flag: the id has 29 bits and not 11. */
  static final int EXTENDED = 0x8000;

  private static final int TYPE_TX = 0x0001;
  private static final int TYPE_RX = 0x0101;
  private static final int RESERVED = 4;
  private static final int STANDARD_IDS = 0x800;
  private static final int EXTENDED_IDS = 0x2000_0000;

  private final ByteBuffer data = ByteBuffer.allocate(MAX_DATA);
  private int flags;
  private int id;
  private int length;

  int flags() {
    return flags;
  }

  int id() {
    return id;
  }

  /** Bytes of data; of a remote frame those that it asks for. */
  int length() {
    return length;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** The data, from 0 to its length; all zeros in a remote frame. */
  ByteBuffer data() {
    return data.limit(length).position(0);
  }

  /** Becomes a frame of some length, whose data is to be put into what is returned. */
  ByteBuffer set(int newFlags, int newId, int newLength) {
    flags = newFlags;
    id = newId;
    length = newLength;
    return data.limit(newLength).position(0);
  }

  void copy(CanFrame other) {
    set(other.flags, other.id, other.length).put(0, other.data, 0, other.length);
  }

  boolean isSameAs(CanFrame other) {
    return flags == other.flags
        && id == other.id
        && length == other.length
        && (has(RTR) || data().equals(other.data()));
  }

  /**
   * The shortest length that frames can have which holds so many bytes.
   *
   * @param bytes up to {@link #MAX_DATA}
   */
  static int paddedLength(int bytes) {
    if (bytes <= MAX_CLASSIC) {
      return bytes;
    } else if (bytes <= 24) {
      return (bytes + 3) & ~3;
    }
    return bytes <= 32 ? 32 : (bytes + 15) & ~15;
  }

  /**
   * Becomes what a driver sends.
   *
   * @return false if that is no frame of any bus (L4, L5, L10): then this one is of no use
   */
  boolean read(ChainReader from) {
    if (from.remaining() < HEADER) {
      return false;
    }
    int type = Short.toUnsignedInt(from.readShort());
    int bytes = Short.toUnsignedInt(from.readShort());
    from.skip(RESERVED);
    int itsFlags = from.readInt();
    int itsId = from.readInt();
    if (type != TYPE_TX || bytes > from.remaining() || !isFrame(itsFlags, itsId, bytes)) {
      return false;
    }
    ByteBuffer target = set(itsFlags, itsId, bytes);
    if (has(RTR)) {
      clear(target);
    } else {
      from.read(target);
    }
    return true;
  }

  private static boolean isFrame(int flags, int id, int length) {
    int ids = (flags & EXTENDED) == 0 ? STANDARD_IDS : EXTENDED_IDS;
    boolean fd = (flags & FD) != 0;
    return (flags & ~(RTR | FD | EXTENDED)) == 0
        && !(fd && (flags & RTR) != 0)
        && Integer.compareUnsigned(id, ids) < 0
        && length <= (fd ? MAX_DATA : MAX_CLASSIC)
        && paddedLength(length) == length;
  }

  /** Sets what is between position and limit to 0. */
  static void clear(ByteBuffer rest) {
    while (rest.hasRemaining()) {
      rest.put((byte) 0);
    }
  }

  /** Bytes that {@link #write} takes: Linux wants the data of a remote frame, too. */
  int size() {
    return HEADER + length;
  }

  /** Writes itself as a driver receives it. */
  void write(ChainWriter to) {
    to.writeShort((short) TYPE_RX);
    to.writeShort((short) length);
    to.writeInt(0);
    to.writeInt(flags);
    to.writeInt(id);
    to.write(data());
  }
}
