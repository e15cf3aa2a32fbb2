package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A position in one part of a chain: the common half of {@link ChainReader} and {@link
 * ChainWriter}. {@code left} bytes from {@code at} on in {@code view} are the next ones; none if
 * the end is reached.
 */
final class ChainCursor {
  private static final ByteBuffer NOTHING =
      ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);
  private static final ByteBuffer[] NO_WINDOWS = {};
  private static final GuestMemory NO_MEMORY = GuestMemory.empty();
  private static final int[] NO_PIECES = {};

  private GuestMemory memory = NO_MEMORY;
  private int[] pieces = NO_PIECES;
  private int first;
  private int end;
  private long size;

  private int piece;
  private long passed;
  private int view;

  /** The buffer to access the next bytes in, absolutely. */
  ByteBuffer buffer = NOTHING;

  int at;
  int left;

  /* Duplicates of the memory's views with position and limit of their own, made when asked for. */
  private ByteBuffer[] windows = NO_WINDOWS;
  private GuestMemory windowsOf = NO_MEMORY;

  /**
   * Attaches the cursor to the pieces from {@code first} to {@code end} and goes to their start.
   */
  void attach(GuestMemory memory, int[] pieces, int first, int end, long size) {
    this.memory = memory;
    this.pieces = pieces;
    this.first = first;
    this.end = end;
    this.size = size;
    rewind();
  }

  /** Forgets everything that refers to guest memory but the windows on it. */
  void detach() {
    attach(NO_MEMORY, NO_PIECES, 0, 0, 0);
  }

  private void rewind() {
    passed = 0;
    load(first);
  }

  private void load(int index) {
    piece = index;
    if (index < end) {
      view = Pieces.view(pieces, index);
      at = Pieces.offset(pieces, index);
      left = Pieces.length(pieces, index);
      buffer = memory.view(view);
    } else {
      at = 0;
      left = 0;
      buffer = NOTHING;
    }
  }

  long size() {
    return size;
  }

  long position() {
    return piece < end ? passed + Pieces.length(pieces, piece) - left : size;
  }

  long remaining() {
    return size - position();
  }

  /** Goes to a position, which the caller has checked. */
  void position(long position) {
    if (position < position()) {
      rewind();
    }
    skip(position - position());
  }

  /** Goes on by {@code bytes}, at most {@link #remaining()}. */
  void skip(long bytes) {
    long rest = bytes;
    while (rest >= left && left > 0) {
      rest -= left;
      next();
    }
    at += (int) rest;
    left -= (int) rest;
  }

  /** Goes on by {@code bytes}, at most {@code left}. */
  void advance(int bytes) {
    at += bytes;
    left -= bytes;
    if (left == 0) {
      next();
    }
  }

  private void next() {
    passed += Pieces.length(pieces, piece);
    load(piece + 1);
  }

  /** The rest of the current piece, with position and limit of this cursor's own. */
  ByteBuffer window(boolean readOnly) {
    if (left == 0) {
      return NOTHING;
    }
    if (windowsOf != memory) {
      windows = new ByteBuffer[memory.viewCount()];
      windowsOf = memory;
    }
    ByteBuffer window = windows[view];
    if (window == null) {
      window = readOnly ? buffer.asReadOnlyBuffer() : buffer.duplicate();
      window.order(ByteOrder.LITTLE_ENDIAN);
      windows[view] = window;
    }
    return window.limit(at + left).position(at);
  }
}
