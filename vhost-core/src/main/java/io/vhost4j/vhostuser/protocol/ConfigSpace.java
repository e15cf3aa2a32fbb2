package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;

/**
 * A range of the configuration space and its bytes.
 *
 * <pre>
 *   0            4          8           12
 *   | offset u32 | size u32 | flags u32 | size bytes |
 * </pre>
 *
 * @param offset first byte of the range, as an unsigned number
 * @param flags {@link #FLAGS_WRITE} or {@link #FLAGS_MIGRATION}
 * @param bytes the content, from position to limit; a view of the payload it was read from
 */
public record ConfigSpace(int offset, int flags, ByteBuffer bytes) {
  /** Bytes before the content. */
  public static final int HEADER_SIZE = 12;

  /** Longest content in bytes that fits into a payload. */
  public static final int MAX_BYTES = MessageHeader.MAX_PAYLOAD - HEADER_SIZE;

  /** The driver writes. */
  public static final int FLAGS_WRITE = 0;

  /** A migration restores the content, read-only bytes included. */
  public static final int FLAGS_MIGRATION = 1;

  private static final int OFFSET_OFFSET = 0;
  private static final int SIZE_OFFSET = 4;
  private static final int FLAGS_OFFSET = 8;

  /** Length of the content that a payload says it has, as an unsigned number. */
  static int size(ByteBuffer payload) {
    return payload.getInt(payload.position() + SIZE_OFFSET);
  }

  /** Reads a payload that {@link MessageRules} found sound. */
  public static ConfigSpace read(ByteBuffer payload) {
    int start = payload.position();
    return new ConfigSpace(
        payload.getInt(start + OFFSET_OFFSET),
        payload.getInt(start + FLAGS_OFFSET),
        payload.slice(start + HEADER_SIZE, payload.remaining() - HEADER_SIZE));
  }

  /** The payload as bytes. */
  public ByteBuffer encode() {
    return Payload.allocate(HEADER_SIZE + bytes.remaining())
        .putInt(OFFSET_OFFSET, offset)
        .putInt(SIZE_OFFSET, bytes.remaining())
        .putInt(FLAGS_OFFSET, flags)
        .put(HEADER_SIZE, bytes, bytes.position(), bytes.remaining());
  }
}
