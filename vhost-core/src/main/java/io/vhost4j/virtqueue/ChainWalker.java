package io.vhost4j.virtqueue;

import io.vhost4j.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Follows a chain through the descriptor table and at most one indirect table, copies each
 * descriptor once, and then checks it (V3, V5 to V7, V18 to V30).
 */
final class ChainWalker {
  /**
   * Longest chain through an indirect table: N descriptors, or this many if N is less (V30). Linux
   * builds tables longer than a small ring; no more than QEMU accepts in any ring.
   */
  static final int MAX_INDIRECT_CHAIN = 1024;

  /**
   * Pieces of memory that the chains in flight of one queue may have: bounds what a guest costs.
   */
  static final int MAX_PIECES_IN_FLIGHT = 1 << 17;

  private final GuestMemory memory;
  private final ByteBuffer ringTable;
  private final int size;
  private final boolean indirectAllowed;

  /* The descriptor last read: the fields are copies, so what is checked is what is used. */
  private long address;
  private long length;
  private int flags;
  private int next;

  /* State of the walk under way. */
  private int visited;
  private boolean writableSeen;
  private int piecesLeft;

  /** Holds a copy of an entry of an indirect table that lies across a seam of the memory. */
  private final ByteBuffer entry =
      ByteBuffer.allocate(SplitRing.DESCRIPTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  ChainWalker(GuestMemory memory, ByteBuffer ringTable, int size, boolean indirectAllowed) {
    this.memory = memory;
    this.ringTable = ringTable;
    this.size = size;
    this.indirectAllowed = indirectAllowed;
  }

  /**
   * Collects the pieces of the chain that starts at {@code head}.
   *
   * @param piecesInFlight what the queue's other chains hold
   */
  void walk(int head, DescriptorChain chain, int piecesInFlight) throws VirtqueueException {
    if (head >= size) {
      throw new VirtqueueException("V18", "head " + head + " of a ring of " + size);
    }
    chain.clear();
    visited = 0;
    writableSeen = false;
    piecesLeft = Math.min(MAX_PIECES_IN_FLIGHT - piecesInFlight, maxPieces());
    int index = head;
    while (true) {
      if (++visited > size) {
        throw new VirtqueueException(
            "V20", "the chain at head " + head + " visits more than " + size + " descriptors");
      }
      chain.step();
      read(ringTable, SplitRing.DESCRIPTOR_BYTES * index);
      if ((flags & SplitRing.FLAG_INDIRECT) != 0) {
        walkTable(chain);
        return;
      }
      add(chain);
      if ((flags & SplitRing.FLAG_NEXT) == 0) {
        return;
      }
      index = next;
      if (index >= size) {
        throw new VirtqueueException("V19", "next " + index + " in a ring of " + size);
      }
    }
  }

  /** Most descriptors that a chain has, be they in the ring or in a table. */
  private int maxDescriptors() {
    return Math.max(size, MAX_INDIRECT_CHAIN);
  }

  /**
   * Most pieces that a chain has: each descriptor may cross a seam between regions, and one may lie
   * across all of them, but not each of them.
   */
  private int maxPieces() {
    return 2 * maxDescriptors() + memory.viewCount();
  }

  private void walkTable(DescriptorChain chain) throws VirtqueueException {
    checkTable();
    long table = address;
    long entries = length / SplitRing.DESCRIPTOR_BYTES;
    int view = memory.find(table);
    ByteBuffer contiguous = memory.view(view);
    int offset = memory.offset(view, table);
    boolean isContiguous = length <= contiguous.capacity() - offset;
    int limit = maxDescriptors();
    visited--; // the one that points here is no buffer
    int inTable = 0;
    long index = 0;
    while (true) {
      if (++inTable > entries) {
        throw new VirtqueueException(
            "V20", "a chain visits more than the " + entries + " entries of its indirect table");
      }
      if (++visited > limit) {
        throw new VirtqueueException(
            "V30",
            "an indirect chain of more than " + limit + " descriptors, the cap of this device");
      }
      chain.step();
      if (isContiguous) {
        read(contiguous, offset + SplitRing.DESCRIPTOR_BYTES * (int) index);
      } else {
        memory.read(table + SplitRing.DESCRIPTOR_BYTES * index, entry.clear());
        read(entry, 0);
      }
      if ((flags & SplitRing.FLAG_INDIRECT) != 0) {
        throw new VirtqueueException("V23", "an indirect descriptor inside an indirect table");
      }
      add(chain);
      if ((flags & SplitRing.FLAG_NEXT) == 0) {
        return;
      }
      index = next;
      if (index >= entries) {
        throw new VirtqueueException(
            "V19", "next " + index + " in an indirect table of " + entries + " entries");
      }
    }
  }

  /** The flag WRITE says nothing here (V5). */
  private void checkTable() throws VirtqueueException {
    if (!indirectAllowed) {
      throw new VirtqueueException("V21", "an indirect descriptor without the feature");
    }
    if ((flags & SplitRing.FLAG_NEXT) != 0) {
      throw new VirtqueueException("V22", "a descriptor both indirect and with a next one");
    }
    if (length == 0 || length % SplitRing.DESCRIPTOR_BYTES != 0) {
      throw new VirtqueueException("V24", "an indirect table of " + length + " bytes");
    }
    if (!memory.covers(address, length)) {
      throw new VirtqueueException("V24", "an indirect table outside memory: " + range());
    }
  }

  private void read(ByteBuffer table, int at) {
    address = table.getLong(at);
    long fields = table.getLong(at + SplitRing.DESCRIPTOR_LENGTH); // all in one access
    length = fields & 0xffff_ffffL;
    flags = SplitRing.u16((int) (fields >>> 32));
    next = (int) (fields >>> 48);
  }

  /** Adds the descriptor's buffer: nothing (V29), one piece, or one per region or view (V28). */
  private void add(DescriptorChain chain) throws VirtqueueException {
    boolean isWritable = (flags & SplitRing.FLAG_WRITE) != 0;
    if (writableSeen && !isWritable) {
      throw new VirtqueueException("V25", "a readable descriptor after a writable one");
    }
    writableSeen = isWritable;
    if (length == 0) {
      return;
    }
    if (Long.compareUnsigned(address + length - 1, address) < 0) {
      throw new VirtqueueException("V26", "a buffer that wraps the address space: " + range());
    }
    if (chain.totalSize() + length > SplitRing.MAX_CHAIN_BYTES) {
      throw new VirtqueueException("V27", "a chain of more than 2^32 bytes");
    }
    long at = address;
    long rest = length;
    do {
      int view = memory.find(at);
      if (view < 0) {
        throw new VirtqueueException("V26", "a buffer outside memory: " + range());
      }
      int offset = memory.offset(view, at);
      int run = (int) Math.min(rest, memory.view(view).capacity() - offset);
      chain.step();
      chain.addPiece(isWritable, view, offset, run);
      if (chain.pieceCount() > piecesLeft) {
        throw new VirtqueueException(
            "V30",
            piecesLeft == maxPieces()
                ? "a chain of more than " + piecesLeft + " pieces of memory"
                : "more than " + MAX_PIECES_IN_FLIGHT + " pieces of memory in flight");
      }
      at += run;
      rest -= run;
    } while (rest > 0);
  }

  private String range() {
    return "0x" + Long.toHexString(address) + "+0x" + Long.toHexString(length);
  }
}
