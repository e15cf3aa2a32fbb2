package io.vhost4j.virtqueue;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Reads the device-readable part of a chain from front to back, whatever its pieces are (V4).
 * Integers are little-endian. Reading past the end throws {@link
 * java.nio.BufferUnderflowException}: check {@link #remaining()} first.
 *
 * <p>Pieces that follow each other directly in guest memory count as one. Nothing here allocates,
 * but for the first {@link #contiguous()} of a pooled chain in a part of guest memory.
 */
public final class ChainReader {
  private final ChainCursor cursor;

  ChainReader(ChainCursor cursor) {
    this.cursor = cursor;
  }

  /** Length of the whole readable part in bytes. */
  public long size() {
    return cursor.size();
  }

  /** Bytes not read yet. */
  public long remaining() {
    return cursor.remaining();
  }

  /** Moves to the byte at {@code position} of the readable part, at most {@link #size()}. */
  public void position(long position) {
    if (position < 0 || position > cursor.size()) {
      throw new BufferUnderflowException();
    }
    cursor.position(position);
  }

  /** Reads one byte. */
  public byte readByte() {
    if (cursor.left < Byte.BYTES) {
      throw new BufferUnderflowException();
    }
    byte value = cursor.buffer.get(cursor.at);
    cursor.advance(Byte.BYTES);
    return value;
  }

  /** Reads a le16. */
  public short readShort() {
    if (cursor.left < Short.BYTES) {
      return (short) readOverSeam(Short.BYTES);
    }
    short value = cursor.buffer.getShort(cursor.at);
    cursor.advance(Short.BYTES);
    return value;
  }

  /** Reads a le32. */
  public int readInt() {
    if (cursor.left < Integer.BYTES) {
      return (int) readOverSeam(Integer.BYTES);
    }
    int value = cursor.buffer.getInt(cursor.at);
    cursor.advance(Integer.BYTES);
    return value;
  }

  /** Reads a le64. */
  public long readLong() {
    if (cursor.left < Long.BYTES) {
      return readOverSeam(Long.BYTES);
    }
    long value = cursor.buffer.getLong(cursor.at);
    cursor.advance(Long.BYTES);
    return value;
  }

  /** Fills {@code target} from its position to its limit. */
  public void read(ByteBuffer target) {
    require(target.remaining());
    while (target.hasRemaining()) {
      int run = Math.min(target.remaining(), cursor.left);
      target.put(target.position(), cursor.buffer, cursor.at, run);
      target.position(target.position() + run);
      cursor.advance(run);
    }
  }

  /**
   * The longest piece of guest memory from here on that is contiguous, without copying: position 0
   * of nothing is promised, only that the bytes between position and limit are the next ones. Does
   * not advance: call {@link #skip(long)} with what was used. The buffer is read-only and reused by
   * the next call. Empty if nothing remains.
   *
   * <p>Not for native code: where memory is truncated, an access from Java is an error of this
   * guest (see {@link io.vhost4j.memory.GuestMemory}), one from native code ends the process. A
   * system call fails with EFAULT, which is harmless.
   */
  public ByteBuffer contiguous() {
    return cursor.window(true);
  }

  /** Advances by {@code bytes}. */
  public void skip(long bytes) {
    require(bytes);
    cursor.skip(bytes);
  }

  private long readOverSeam(int bytes) {
    require(bytes);
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (readByte() & 0xffL) << (Byte.SIZE * i);
    }
    return value;
  }

  private void require(long bytes) {
    if (bytes < 0 || bytes > cursor.remaining()) {
      throw new BufferUnderflowException();
    }
  }
}
