package io.vhost4j.vhostuser.frontend;

/**
 * How a ring is laid out.
 *
 * @param size number of entries, a power of two up to 32768
 * @param tableEntries room in each indirect table, 0 for none
 * @param startIndex where the indices of the ring start, 0 to 65535
 */
public record QueueSetup(int size, int tableEntries, int startIndex) {
  /** A ring that starts at index 0 and has no indirect tables. */
  public static QueueSetup of(int size) {
    return new QueueSetup(size, 0, 0);
  }
}
