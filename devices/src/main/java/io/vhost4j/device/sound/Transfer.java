package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.device.sound.wire.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Moves audio between the buffers of one stream and the host's stream, whole frames at a time
 * however the guest's descriptors cut them, and returns buffers in the order they came (A53). Used
 * by the executor alone.
 *
 * <p>The buffers are in two parts: those handed over to the host and not yet consumed, then those
 * the host has still to take.
 *
 * <pre>
 *        first            current             end
 *          ▼                 ▼                 ▼
 *  ────────┬──handed over────┬──waiting────────┬──────
 * </pre>
 */
abstract class Transfer {
  /**
   * When so much was moved since {@link #beginTurn()}, the rest waits for the next: neither a huge
   * buffer nor many calls hold up an event loop. The last piece may be as large as that once more.
   */
  static final int BYTES_PER_TURN = 1 << 20;

  private static final int STAGING_BYTES = 4096;
  private static final int SLOT_MASK = StreamPort.MAX_OUTSTANDING - 1;

  /* Positions in the slots count on for ever and are taken modulo their number. */
  private final @Nullable IoMessage[] slots = new IoMessage[StreamPort.MAX_OUTSTANDING];
  private int first;
  private int current;
  private int end;

  /** Frames that do not lie in one piece in guest memory. */
  final ByteBuffer staging =
      ByteBuffer.allocateDirect(STAGING_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);

  private final SpscRing<StreamJob> outbox;

  private int budget = BYTES_PER_TURN;

  /** Bytes at the start of the buffers that wait which were moved before they were withdrawn. */
  private long ahead;

  Transfer(SpscRing<StreamJob> outbox) {
    this.outbox = outbox;
  }

  /**
   * Moves what the host has room or data for, up to the end of the turn, and returns the buffers
   * that are done with.
   *
   * @return whether anything moved
   * @throws AudioException if the host's audio is lost; {@link #loseBuffers()} is to follow
   */
  abstract boolean move(AudioStream host, int frameBytes) throws AudioException;

  /** When to {@link #move} again, in ns from now, if no buffer waits for the next turn. */
  abstract long nanosToWait(AudioStream host, PcmParameters parameters);

  /** The host's stream is gone: returns the buffers that it has taken audio from, with IO_ERR. */
  void loseBuffers() {
    ahead = 0; // what was withdrawn has not been heard, but for a part of its first buffer
  }

  /** Appends a buffer that waits. There is room: the event loop counts. */
  final void add(IoMessage message) {
    slots[end++ & SLOT_MASK] = message;
  }

  /** Whether the guest has given no buffer that is not back. */
  final boolean isStarved() {
    return first == end;
  }

  /** The oldest buffer that was handed over, or null. */
  final @Nullable IoMessage handedOver() {
    return first == current ? null : slots[first & SLOT_MASK];
  }

  /** The oldest buffer that waits, or null. */
  final @Nullable IoMessage current() {
    return current == end ? null : slots[current & SLOT_MASK];
  }

  /** The host has taken the current buffer. */
  final void advance() {
    current++;
  }

  /** Removes and gives the oldest buffer, or null if there is none. */
  final @Nullable IoMessage remove() {
    if (first == end) {
      return null;
    }
    IoMessage message = slots[first & SLOT_MASK];
    slots[first++ & SLOT_MASK] = null;
    if (current - first < 0) {
      current = first;
    }
    return message;
  }

  /** Returns the oldest buffer without its having been played or filled. */
  final void failOldest() {
    IoMessage message = remove();
    if (message != null) {
      finish(message, message.dataBytes == 0 ? Status.OK : Status.IO_ERR, 0);
    }
  }

  /**
   * Lets go of every buffer, in order and as it is: the ring stops, and the driver's time with it
   * (C19). The host keeps what it has.
   */
  final void withdrawAll() {
    for (IoMessage message = remove(); message != null; message = remove()) {
      int unused = moveAhead(message); // the ring has stopped again before its turn came
      message.withdrawn = true;
      outbox.offer(message);
    }
    staging.limit(0);
  }

  /**
   * Goes on with buffers that were withdrawn.
   *
   * @param bytesAhead so much of their audio, from the start of the first, was moved before
   */
  final void resume(long bytesAhead) {
    ahead += bytesAhead; // there may be some left of buffers that were not taken the last time
  }

  /** Marks as moved what was moved of a buffer before; returns how many bytes that is. */
  final int moveAhead(IoMessage message) {
    int moved = (int) Math.min(ahead, message.dataBytes - message.doneBytes);
    ahead -= moved;
    message.doneBytes += moved;
    return moved;
  }

  /** Bytes moved before of buffers that come behind those which have been {@link #moveAhead}. */
  final long ahead() {
    return ahead;
  }

  /** Returns every buffer, in order (A40). */
  void returnAll(Status status) {
    ahead = 0;
    for (IoMessage message = remove(); message != null; message = remove()) {
      finish(message, status, 0);
    }
    staging.limit(0);
  }

  /** Returns one buffer; one that came in with an error keeps it. */
  final void finish(IoMessage message, Status status, int latencyBytes) {
    if (message.status == Status.OK) {
      message.status = status;
    }
    message.latencyBytes = latencyBytes;
    outbox.offer(message);
  }

  /**
   * What the backend says it has moved.
   *
   * @throws IllegalStateException if that ends within a frame, from where there is no way on
   */
  static int requireFrames(int bytes, int frameBytes) {
    if (bytes % frameBytes != 0) {
      throw new IllegalStateException(
          "the backend moved " + bytes + " bytes of frames of " + frameBytes);
    }
    return bytes;
  }

  /** Others have had their turn, too: as much may be moved as in a turn. */
  final void beginTurn() {
    budget = BYTES_PER_TURN;
  }

  /** What may still be moved in this turn, in bytes; 0 or less for nothing. */
  final int budget() {
    return budget;
  }

  /** So many bytes were moved. */
  final void spend(long bytes) {
    budget -= (int) bytes;
  }

  /** Whether a buffer waits for the next turn. */
  final boolean isOutOfTurn() {
    return budget <= 0 && current != end;
  }

  /** The largest part of {@code bytes} that is whole frames. */
  static int wholeFrames(long bytes, int frameBytes) {
    int part = (int) Math.min(bytes, BYTES_PER_TURN);
    return part - part % frameBytes;
  }
}
