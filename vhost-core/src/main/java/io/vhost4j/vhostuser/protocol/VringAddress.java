package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;

/**
 * Where the parts of a ring are (payload of SET_VRING_ADDR). Addresses are in the frontend's
 * address space, the log address is a guest physical one.
 *
 * <pre>
 *   0        4        8       16     24      32    40
 *   | index  | flags  | desc  | used | avail | log |
 * </pre>
 *
 * @param index the ring, as an unsigned number
 * @param flags {@link #FLAG_LOG} or 0
 * @param descriptors address of the descriptor table
 * @param used address of the used ring
 * @param available address of the available ring
 * @param log where writes to the used ring are logged (C29)
 */
public record VringAddress(
    int index, int flags, long descriptors, long used, long available, long log) {
  /** Length in bytes. */
  public static final int SIZE = 40;

  /** Writes to the used ring are to be logged. */
  public static final int FLAG_LOG = 1;

  private static final int INDEX_OFFSET = 0;
  private static final int FLAGS_OFFSET = 4;
  private static final int DESCRIPTORS_OFFSET = 8;
  private static final int USED_OFFSET = 16;
  private static final int AVAILABLE_OFFSET = 24;
  private static final int LOG_OFFSET = 32;

  /** Reads the payload from the buffer's position on. */
  public static VringAddress read(ByteBuffer payload) {
    int start = payload.position();
    return new VringAddress(
        payload.getInt(start + INDEX_OFFSET),
        payload.getInt(start + FLAGS_OFFSET),
        payload.getLong(start + DESCRIPTORS_OFFSET),
        payload.getLong(start + USED_OFFSET),
        payload.getLong(start + AVAILABLE_OFFSET),
        payload.getLong(start + LOG_OFFSET));
  }

  /** The payload as bytes. */
  public ByteBuffer encode() {
    return Payload.allocate(SIZE)
        .putInt(INDEX_OFFSET, index)
        .putInt(FLAGS_OFFSET, flags)
        .putLong(DESCRIPTORS_OFFSET, descriptors)
        .putLong(USED_OFFSET, used)
        .putLong(AVAILABLE_OFFSET, available)
        .putLong(LOG_OFFSET, log);
  }
}
