package io.vhost4j.device.can;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of frames, which are copied into it: between two threads, or for one. No locks,
 * no waiting, no allocation.
 */
final class FrameRing {
  private final CanFrame[] slots;

  /* They count on for ever, so that full and empty differ. */
  /** Written by the consumer only. */
  private final AtomicInteger head = new AtomicInteger();

  /** Written by the producer only. */
  private final AtomicInteger tail = new AtomicInteger();

  /**
   * @param capacity a power of two
   */
  FrameRing(int capacity) {
    if (Integer.bitCount(capacity) != 1) {
      throw new IllegalArgumentException("capacity " + capacity + " is not a power of two");
    }
    slots = new CanFrame[capacity];
    for (int i = 0; i < capacity; i++) {
      slots[i] = new CanFrame();
    }
  }

  /** Appends a frame, or returns false if there is no room. Producer only. */
  boolean offer(CanFrame frame) {
    int at = tail.getPlain();
    if (at - head.get() >= slots.length) {
      return false;
    }
    slots[at & slots.length - 1].copy(frame);
    tail.set(at + 1);
    return true;
  }

  /** The oldest frame, which stays until it is {@linkplain #remove removed}. Consumer only. */
  @Nullable CanFrame peek() {
    int at = head.getPlain();
    return at == tail.get() ? null : slots[at & slots.length - 1];
  }

  /** Removes the oldest frame. Consumer only. */
  void remove() {
    head.set(head.getPlain() + 1);
  }

  /** Removes all frames. Consumer only. */
  void clear() {
    head.set(tail.get());
  }
}
