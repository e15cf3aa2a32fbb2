package io.vhost4j.device.sound;

import org.jspecify.annotations.Nullable;

/**
 * The buffers of one stream in the order they came, in two parts: those handed over to the backend
 * and not yet consumed, then those the backend has still to take. Used by the executor alone.
 *
 * <pre>
 *        first            current             end
 *          ▼                 ▼                 ▼
 *  ────────┬──handed over────┬──waiting────────┬──────
 * </pre>
 */
final class PendingMessages {
  private final @Nullable IoMessage[] slots;
  private final int mask;
  private int first;
  private int current;
  private int end;

  /**
   * No messages.
   *
   * @param capacity number of messages that fit, a power of two
   */
  PendingMessages(int capacity) {
    slots = new IoMessage[capacity];
    mask = capacity - 1;
  }

  /** Whether there are no messages. */
  boolean isEmpty() {
    return first == end;
  }

  /** Appends a message that waits. There is room: the event loop counts. */
  void add(IoMessage message) {
    slots[end++ & mask] = message;
  }

  /** The oldest message that was handed over, or null. */
  @Nullable IoMessage handedOver() {
    return first == current ? null : slots[first & mask];
  }

  /** The oldest message that waits, or null. */
  @Nullable IoMessage current() {
    return current == end ? null : slots[current & mask];
  }

  /** The backend has taken the current message. */
  void advance() {
    current++;
  }

  /** Removes and gives the oldest message, or null if there is none. */
  @Nullable IoMessage remove() {
    if (first == end) {
      return null;
    }
    IoMessage message = slots[first & mask];
    slots[first++ & mask] = null;
    if (current - first < 0) {
      current = first;
    }
    return message;
  }
}
