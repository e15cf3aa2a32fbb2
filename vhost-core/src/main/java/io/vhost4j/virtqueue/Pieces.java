package io.vhost4j.virtqueue;

/**
 * Contiguous pieces of guest memory, three ints each: number of the view in the memory table,
 * offset in the view, length in bytes. One array keeps a chain's pieces close together.
 */
final class Pieces {
  private static final int STRIDE = 3;

  private Pieces() {}

  static int[] allocate(int capacity) {
    return new int[STRIDE * capacity];
  }

  static int capacity(int[] pieces) {
    return pieces.length / STRIDE;
  }

  static void set(int[] pieces, int index, int view, int offset, int length) {
    int at = STRIDE * index;
    pieces[at] = view;
    pieces[at + 1] = offset;
    pieces[at + 2] = length;
  }

  /** Makes piece {@code index} longer if the given bytes follow it directly. */
  static boolean extend(int[] pieces, int index, int view, int offset, int length) {
    int at = STRIDE * index;
    if (pieces[at] != view || pieces[at + 1] + pieces[at + 2] != offset) {
      return false;
    }
    pieces[at + 2] += length;
    return true;
  }

  static int view(int[] pieces, int index) {
    return pieces[STRIDE * index];
  }

  static int offset(int[] pieces, int index) {
    return pieces[STRIDE * index + 1];
  }

  static int length(int[] pieces, int index) {
    return pieces[STRIDE * index + 2];
  }
}
