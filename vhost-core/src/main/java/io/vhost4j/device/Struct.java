package io.vhost4j.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A structure of a device type as the standard lays it out, little-endian and without gaps. One
 * small class for each: its layout drawn in the comment, the offsets of its fields as constants,
 * and a method for each field that is read or written.
 *
 * <p>A flyweight: it holds no data of its own, only a buffer and where in it the structure begins.
 * One object serves for any number of structures. Not thread-safe, like the buffer.
 *
 * @param <S> the class itself
 */
public abstract class Struct<S extends Struct<S>> {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final int size;
  private ByteBuffer buffer = NOTHING;
  private int offset;

  /**
   * A view of nothing so far.
   *
   * @param size length of the structure in bytes
   */
  protected Struct(int size) {
    this.size = size;
  }

  /**
   * Views the structure at {@code start}. The buffer's byte order becomes little-endian; its
   * position is not used.
   *
   * @return this
   * @throws IndexOutOfBoundsException if the structure would go past the buffer's limit
   */
  @SuppressWarnings("unchecked") // S is the class itself
  public final S wrap(ByteBuffer target, int start) {
    Objects.checkFromIndexSize(start, size, target.limit());
    buffer = target.order(ByteOrder.LITTLE_ENDIAN);
    offset = start;
    return (S) this;
  }

  /** Reads a byte, unsigned. */
  protected final int u8(int field) {
    return Byte.toUnsignedInt(buffer.get(offset + field));
  }

  /** Writes the lowest byte of {@code value}. */
  protected final void u8(int field, int value) {
    buffer.put(offset + field, (byte) value);
  }

  /** Reads a le16, unsigned. */
  protected final int le16(int field) {
    return Short.toUnsignedInt(buffer.getShort(offset + field));
  }

  /** Writes the lowest two bytes of {@code value} as a le16. */
  protected final void le16(int field, int value) {
    buffer.putShort(offset + field, (short) value);
  }

  /** Reads a le32. */
  protected final int le32(int field) {
    return buffer.getInt(offset + field);
  }

  /** Writes a le32. */
  protected final void le32(int field, int value) {
    buffer.putInt(offset + field, value);
  }

  /** Reads a le64. */
  protected final long le64(int field) {
    return buffer.getLong(offset + field);
  }

  /** Writes a le64. */
  protected final void le64(int field, long value) {
    buffer.putLong(offset + field, value);
  }

  /** Sets {@code count} bytes from {@code field} on to 0. */
  protected final void zero(int field, int count) {
    for (int i = 0; i < count; i++) {
      buffer.put(offset + field + i, (byte) 0);
    }
  }
}
