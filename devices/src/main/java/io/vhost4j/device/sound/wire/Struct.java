package io.vhost4j.device.sound.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/** A view of {@code size} bytes of a buffer. Not thread-safe, like the buffer. */
abstract class Struct {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private ByteBuffer buffer = NOTHING;
  private int offset;

  /**
   * Moves the view. The buffer's byte order becomes little-endian; its position is not used.
   *
   * @throws IndexOutOfBoundsException if the structure would go past the buffer's limit
   */
  final void attach(ByteBuffer target, int start, int size) {
    Objects.checkFromIndexSize(start, size, target.limit());
    buffer = target.order(ByteOrder.LITTLE_ENDIAN);
    offset = start;
  }

  final int u8(int field) {
    return Byte.toUnsignedInt(buffer.get(offset + field));
  }

  final void u8(int field, int value) {
    buffer.put(offset + field, (byte) value);
  }

  final int le32(int field) {
    return buffer.getInt(offset + field);
  }

  final void le32(int field, int value) {
    buffer.putInt(offset + field, value);
  }

  final long le64(int field) {
    return buffer.getLong(offset + field);
  }

  final void le64(int field, long value) {
    buffer.putLong(offset + field, value);
  }

  /** Sets {@code count} bytes from {@code field} on to 0. */
  final void zero(int field, int count) {
    for (int i = 0; i < count; i++) {
      buffer.put(offset + field + i, (byte) 0);
    }
  }
}
