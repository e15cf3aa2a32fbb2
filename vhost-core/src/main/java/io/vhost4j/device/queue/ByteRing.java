package io.vhost4j.device.queue;

import io.vhost4j.virtqueue.ChainReader;
import java.nio.ByteBuffer;

/**
 * The latest bytes of a stream, up to a limit, for a reader that takes them later. What comes when
 * it is full waits, or pushes out the oldest: whoever fills it decides. One thread; allocates
 * nothing but its memory.
 */
public final class ByteRing {
  private final ByteBuffer bytes;
  private int start;
  private int size;

  /** An empty ring. */
  public ByteRing(int capacity) {
    bytes = ByteBuffer.allocateDirect(capacity);
  }

  /** Bytes that it has. */
  public int size() {
    return size;
  }

  /** Bytes that there is room for. */
  public int room() {
    return bytes.capacity() - size;
  }

  /**
   * Takes from {@code source} what there is room for.
   *
   * @param most takes no more bytes than so many
   * @return bytes taken
   * @throws InternalError if the frontend has cut its memory short; what was taken before stays
   */
  public int fill(ChainReader source, int most) {
    int all = (int) Math.min(Math.min(room(), most), source.remaining());
    for (int left = all; left > 0; ) { // around the end
      int at = (start + size) % bytes.capacity();
      int count = Math.min(left, bytes.capacity() - at);
      source.read(bytes.clear().position(at).limit(at + count));
      size += count;
      left -= count;
    }
    return all;
  }

  /** Takes one byte, for which there is room. */
  public void put(byte value) {
    bytes.put((start + size) % bytes.capacity(), value);
    size++;
  }

  /**
   * The oldest bytes, as far as they lie in one piece, from position to limit; empty if there are
   * none. Reused by the next call of any method.
   */
  public ByteBuffer oldest() {
    return bytes.clear().position(start).limit(Math.min(start + size, bytes.capacity()));
  }

  /**
   * Lets go of the oldest bytes.
   *
   * @param count at most {@link #size()}
   */
  public void drop(int count) {
    if (count < 0 || count > size) {
      throw new IllegalArgumentException(count + " of " + size + " bytes");
    }
    start = size == count ? 0 : (start + count) % bytes.capacity();
    size -= count;
  }
}
