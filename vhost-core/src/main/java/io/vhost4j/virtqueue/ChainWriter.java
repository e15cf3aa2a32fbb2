package io.vhost4j.virtqueue;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;

/**
 * Writes the device-writable part of a chain, whatever its pieces are. Integers are little-endian.
 * Writing past the end throws {@link java.nio.BufferOverflowException}: check {@link #remaining()}
 * first.
 *
 * <p>Pieces that follow each other directly in guest memory count as one. Nothing here allocates,
 * but for the first {@link #contiguous()} of a pooled chain in a part of guest memory.
 */
public final class ChainWriter {
  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(4096);

  private final ChainCursor cursor;

  ChainWriter(ChainCursor cursor) {
    this.cursor = cursor;
  }

  /** Length of the whole writable part in bytes. */
  public long size() {
    return cursor.size();
  }

  /** Bytes between the position and the end. */
  public long remaining() {
    return cursor.remaining();
  }

  /** Where the next byte goes, counted from the first writable byte. */
  public long position() {
    return cursor.position();
  }

  /** Moves to the byte at {@code position} of the writable part, at most {@link #size()}. */
  public void position(long position) {
    if (position < 0 || position > cursor.size()) {
      throw new BufferOverflowException();
    }
    cursor.position(position);
  }

  /** Writes one byte. */
  public void writeByte(byte value) {
    if (cursor.left < Byte.BYTES) {
      throw new BufferOverflowException();
    }
    cursor.buffer.put(cursor.at, value);
    cursor.advance(Byte.BYTES);
  }

  /** Writes a le16. */
  public void writeShort(short value) {
    if (cursor.left < Short.BYTES) {
      writeOverSeam(value, Short.BYTES);
      return;
    }
    cursor.buffer.putShort(cursor.at, value);
    cursor.advance(Short.BYTES);
  }

  /** Writes a le32. */
  public void writeInt(int value) {
    if (cursor.left < Integer.BYTES) {
      writeOverSeam(value, Integer.BYTES);
      return;
    }
    cursor.buffer.putInt(cursor.at, value);
    cursor.advance(Integer.BYTES);
  }

  /** Writes a le64. */
  public void writeLong(long value) {
    if (cursor.left < Long.BYTES) {
      writeOverSeam(value, Long.BYTES);
      return;
    }
    cursor.buffer.putLong(cursor.at, value);
    cursor.advance(Long.BYTES);
  }

  /** Writes {@code source} from its position to its limit. */
  public void write(ByteBuffer source) {
    require(source.remaining());
    while (source.hasRemaining()) {
      int run = Math.min(source.remaining(), cursor.left);
      cursor.buffer.put(cursor.at, source, source.position(), run);
      source.position(source.position() + run);
      cursor.advance(run);
    }
  }

  /** Writes {@code count} bytes of value 0. */
  public void writeZeros(long count) {
    require(count);
    for (long rest = count; rest > 0; ) {
      int run = (int) Math.min(rest, Math.min(cursor.left, ZEROS.capacity()));
      cursor.buffer.put(cursor.at, ZEROS, 0, run);
      cursor.advance(run);
      rest -= run;
    }
  }

  /**
   * The longest contiguous piece of guest memory from here on, to be filled in place from its
   * position towards its limit. Does not advance: call {@link #skip(long)} with what was written.
   * The buffer is reused by the next call. Empty if nothing remains. Not for native code, see
   * {@link ChainReader#contiguous()}.
   */
  public ByteBuffer contiguous() {
    return cursor.window(false);
  }

  /** Advances by {@code bytes}. */
  public void skip(long bytes) {
    require(bytes);
    cursor.skip(bytes);
  }

  private void writeOverSeam(long value, int bytes) {
    require(bytes);
    for (int i = 0; i < bytes; i++) {
      writeByte((byte) (value >> (Byte.SIZE * i)));
    }
  }

  private void require(long bytes) {
    if (bytes < 0 || bytes > cursor.remaining()) {
      throw new BufferOverflowException();
    }
  }
}
