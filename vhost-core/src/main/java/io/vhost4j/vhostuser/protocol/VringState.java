package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;

/**
 * A ring and one number: size, base or state.
 *
 * <pre>
 *   0           4         8
 *   | index u32 | num u32 |
 * </pre>
 *
 * @param index the ring, as an unsigned number
 * @param num the number, as an unsigned number
 */
public record VringState(int index, int num) {
  /** Length in bytes. */
  public static final int SIZE = 8;

  private static final int INDEX_OFFSET = 0;
  private static final int NUM_OFFSET = 4;

  /** Reads the payload from the buffer's position on. */
  public static VringState read(ByteBuffer payload) {
    int start = payload.position();
    return new VringState(payload.getInt(start + INDEX_OFFSET), payload.getInt(start + NUM_OFFSET));
  }

  /** The payload as bytes. */
  public ByteBuffer encode() {
    return Payload.allocate(SIZE).putInt(INDEX_OFFSET, index).putInt(NUM_OFFSET, num);
  }
}
