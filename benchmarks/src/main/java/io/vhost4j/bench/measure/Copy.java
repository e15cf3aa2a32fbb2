package io.vhost4j.bench.measure;

import java.nio.ByteBuffer;

/** The floor of moving a payload: copying it once in memory. */
public final class Copy {
  private static final int REPEAT = 64;

  private final ByteBuffer from;
  private final ByteBuffer to;

  /**
   * @param payload bytes to copy
   */
  public Copy(int payload) {
    from = ByteBuffer.allocateDirect(payload);
    to = ByteBuffer.allocateDirect(payload);
  }

  /**
   * Copies for so long.
   *
   * @return nanoseconds that one copy took
   */
  public double nanosPerCopy(long nanos) {
    int length = from.capacity();
    long copies = 0;
    long start = System.nanoTime();
    long now = start;
    while (now - start < nanos) {
      for (int i = 0; i < REPEAT; i++) {
        to.put(0, from, 0, length);
      }
      copies += REPEAT;
      now = System.nanoTime();
    }
    return (double) (now - start) / copies;
  }
}
