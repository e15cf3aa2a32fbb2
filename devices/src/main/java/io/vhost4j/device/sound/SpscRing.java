package io.vhost4j.device.sound;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue between one producer and one consumer. No locks, no waiting, no allocation; what
 * the producer wrote before {@link #offer} is visible to the consumer after {@link #poll}.
 *
 * <p>Head and tail count on for ever and are taken modulo the capacity, so that full and empty
 * differ.
 */
final class SpscRing<E> {
  private static final VarHandle HEAD;
  private static final VarHandle TAIL;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(SpscRing.class, "head", int.class);
      TAIL = lookup.findVarHandle(SpscRing.class, "tail", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final @Nullable Object[] slots;
  private final int mask;

  /** Written by the consumer only. */
  private int head;

  /** Written by the producer only. */
  private int tail;

  /**
   * An empty queue.
   *
   * @param capacity number of elements that fit, a power of two
   */
  SpscRing(int capacity) {
    if (Integer.bitCount(capacity) != 1) {
      throw new IllegalArgumentException("capacity " + capacity + " is not a power of two");
    }
    slots = new Object[capacity];
    mask = capacity - 1;
  }

  /**
   * Appends an element. Producer only.
   *
   * @return false if there is no room
   */
  boolean offer(E element) {
    int at = tail;
    if (at - (int) HEAD.getAcquire(this) > mask) {
      return false;
    }
    slots[at & mask] = element;
    TAIL.setRelease(this, at + 1);
    return true;
  }

  /** Takes the oldest element, or null if there is none. Consumer only. */
  @SuppressWarnings("unchecked")
  @Nullable E poll() {
    int at = head;
    if (at == (int) TAIL.getAcquire(this)) {
      return null;
    }
    E element = (E) slots[at & mask];
    slots[at & mask] = null;
    HEAD.setRelease(this, at + 1);
    return element;
  }

  /** Whether nothing is there to be taken. Exact for the consumer, an estimate for others. */
  boolean isEmpty() {
    return (int) HEAD.getAcquire(this) == (int) TAIL.getAcquire(this);
  }
}
