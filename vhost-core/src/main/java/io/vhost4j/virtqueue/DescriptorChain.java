package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * One buffer that the driver made available: a readable part followed by a writable part, each in
 * any number of pieces of guest memory (VIRTIO 2.7.4.1: a device assumes nothing on the framing).
 *
 * <p>Chains are pooled by their queue. Between {@link Virtqueue#next()} and {@link
 * Virtqueue#complete(DescriptorChain, int)} a chain belongs to the device, which may hand it to one
 * other thread at a time; after that it must not be touched. The memory it lies in stays mapped
 * until then, whatever the frontend does to the memory table.
 */
public final class DescriptorChain {
  private static final int INITIAL_PIECES = 8;

  /** A chain that had more pieces gives their array back, so that a pool stays small. */
  private static final int RETAINED_PIECES = 256;

  private final ChainCursor readable = new ChainCursor();
  private final ChainCursor writable = new ChainCursor();
  private final ChainReader reader = new ChainReader(readable);
  private final ChainWriter writer = new ChainWriter(writable);

  private int head;
  private int position;
  private int index;
  private int[] pieces = Pieces.allocate(INITIAL_PIECES);
  private int count;
  private int steps;
  private int readableCount;
  private long readableSize;
  private long writableSize;

  /** The table that the pieces refer to, while the chain is in flight. */
  private @Nullable GuestMemory memory;

  DescriptorChain() {}

  /** Index of the chain's first descriptor, as it goes into the used ring. */
  public int head() {
    return head;
  }

  /**
   * What it took to read the chain: one for each descriptor and one for each piece of memory, of
   * which there are more if buffers lie across regions.
   */
  public int steps() {
    return steps;
  }

  /** The device-readable part, positioned at its start when the chain is taken. */
  public ChainReader reader() {
    return reader;
  }

  /** The device-writable part, positioned at its start when the chain is taken. */
  public ChainWriter writer() {
    return writer;
  }

  /**
   * Makes sure that no failed access of the current thread to the chain remains unreported. A
   * thread other than the event loop calls it after its last access, inside the block that catches
   * the error; it should not trust what it read before.
   *
   * @throws InternalError if the memory was truncated by its owner
   */
  public void deliverFaults() {
    GuestMemory held = memory;
    if (held != null) {
      held.deliverFaults();
    }
  }

  /** Starts over with no pieces. */
  void clear() {
    count = 0;
    steps = 0;
    readableCount = 0;
    readableSize = 0;
    writableSize = 0;
  }

  /** A descriptor has been read, or a piece of memory found. */
  void step() {
    steps++;
  }

  /** Length of both parts in bytes. */
  long totalSize() {
    return readableSize + writableSize;
  }

  int pieceCount() {
    return count;
  }

  /**
   * Adds memory to the end of one part; the walker sees to it that the readable part comes first.
   */
  void addPiece(boolean isWritable, int view, int offset, int length) {
    if (isWritable) {
      writableSize += length;
    } else {
      readableSize += length;
    }
    boolean startsPart = isWritable ? count == readableCount : count == 0;
    if (!startsPart && Pieces.extend(pieces, count - 1, view, offset, length)) {
      return;
    }
    if (count == Pieces.capacity(pieces)) {
      int[] larger = Pieces.allocate(2 * count);
      System.arraycopy(pieces, 0, larger, 0, pieces.length);
      pieces = larger;
    }
    Pieces.set(pieces, count++, view, offset, length);
    if (!isWritable) {
      readableCount = count;
    }
  }

  /** The chain is complete: it belongs to the device and keeps its memory from now on. */
  void take(int head, int position, int index, GuestMemory memory) {
    this.head = head;
    this.position = position;
    this.index = index;
    memory.retain();
    this.memory = memory;
    readable.attach(memory, pieces, 0, readableCount, readableSize);
    writable.attach(memory, pieces, readableCount, count, writableSize);
  }

  /** The avail index at which the chain was taken. */
  int position() {
    return position;
  }

  /** Where the queue keeps this chain. */
  int index() {
    return index;
  }

  void moveTo(int newIndex) {
    index = newIndex;
  }

  /**
   * The chain is the pool's again: reader and writer are empty and the memory is released. Does
   * nothing to a chain that is there already.
   */
  void giveBack() {
    GuestMemory held = memory;
    if (held == null) {
      return;
    }
    memory = null;
    readable.detach();
    writable.detach();
    if (Pieces.capacity(pieces) > RETAINED_PIECES) {
      pieces = Pieces.allocate(INITIAL_PIECES);
    }
    held.release();
  }

  /** Lets the memory go although somebody may still read or write the chain. */
  void abandon() {
    GuestMemory held = memory;
    if (held != null) {
      memory = null;
      held.abandon();
    }
  }
}
