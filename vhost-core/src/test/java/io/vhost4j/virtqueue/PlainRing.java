package io.vhost4j.virtqueue;

import io.vhost4j.memory.MemoryRegion;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The device side of a split ring, written down as plainly as possible, byte by byte and on a byte
 * array, with no thought of speed: what {@link SplitVirtqueue} is compared with. The ring's parts
 * lie at the same guest addresses as in the file.
 */
final class PlainRing {
  private record Buffer(long address, long length, boolean writable) {}

  private final ByteBuffer file;
  private final List<MemoryRegion> regions;
  private final int size;
  private final int avail;
  private final int used;
  private final boolean indirectAllowed;
  private int nextAvail;
  private int known;
  private int usedIndex;

  private boolean hasChain;
  private int head;
  private byte[] readable = {};
  private final List<Integer> writable = new ArrayList<>();

  PlainRing(
      ByteBuffer file,
      List<MemoryRegion> regions,
      int size,
      int avail,
      int used,
      long features,
      int start) {
    this.file = file;
    this.regions = regions;
    this.size = size;
    this.avail = avail;
    this.used = used;
    this.indirectAllowed = (features & RingFeatures.INDIRECT_DESC) != 0;
    this.nextAvail = start;
    this.known = start;
    this.usedIndex = u16(used + 2);
  }

  boolean hasChain() {
    return hasChain;
  }

  int head() {
    return head;
  }

  byte[] readable() {
    return readable;
  }

  int writableSize() {
    return writable.size();
  }

  /** Takes the next chain, if there is one; returns the rule that is broken, or null. */
  @Nullable String next() {
    hasChain = false;
    if (known == nextAvail) {
      known = u16(avail + 2);
      if (((known - nextAvail) & 0xffff) > size) {
        return "V17";
      }
      if (known == nextAvail) {
        return null;
      }
    }
    head = u16(avail + 4 + 2 * (nextAvail % size));
    if (head >= size) {
      return "V18";
    }
    List<Buffer> buffers = new ArrayList<>();
    String rule = walk(buffers);
    if (rule != null) {
      return rule;
    }
    nextAvail = (nextAvail + 1) & 0xffff;
    hasChain = true;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writable.clear();
    for (Buffer buffer : buffers) {
      for (long i = 0; i < buffer.length(); i++) {
        int at = offset(buffer.address() + i);
        if (buffer.writable()) {
          writable.add(at);
        } else {
          bytes.write(file.get(at));
        }
      }
    }
    readable = bytes.toByteArray();
    return null;
  }

  private @Nullable String walk(List<Buffer> buffers) {
    long table = 0;
    long entries = size;
    boolean inTable = false;
    long index = head;
    long visited = 0;
    while (true) {
      if (++visited > entries) {
        return "V20";
      }
      long at = table + 16 * index;
      long address = le(at, 8);
      long length = le(at + 8, 4);
      long flags = le(at + 12, 2);
      long next = le(at + 14, 2);
      if ((flags & 4) != 0) {
        String rule = inTable ? "V23" : tableRule(address, length, flags);
        if (rule != null) {
          return rule;
        }
        table = address;
        entries = length / 16;
        inTable = true;
        index = 0;
        visited = 0;
        continue;
      }
      String rule = bufferRule(buffers, address, length, (flags & 2) != 0);
      if (rule != null) {
        return rule;
      }
      buffers.add(new Buffer(address, length, (flags & 2) != 0));
      if ((flags & 1) == 0) {
        return null;
      }
      if (next >= entries) {
        return "V19";
      }
      index = next;
    }
  }

  private @Nullable String tableRule(long address, long length, long flags) {
    if (!indirectAllowed) {
      return "V21";
    }
    if ((flags & 1) != 0) {
      return "V22";
    }
    return length == 0 || length % 16 != 0 || !isInside(address, length) ? "V24" : null;
  }

  private @Nullable String bufferRule(
      List<Buffer> buffers, long address, long length, boolean isWritable) {
    if (!isWritable && !buffers.isEmpty() && buffers.get(buffers.size() - 1).writable()) {
      return "V25";
    }
    if (length > 0 && Long.compareUnsigned(address + length - 1, address) < 0) {
      return "V26";
    }
    long total = length;
    for (Buffer buffer : buffers) {
      total += buffer.length();
    }
    if (total > 1L << 32) {
      return "V27";
    }
    return isInside(address, length) ? null : "V26";
  }

  private boolean isInside(long address, long length) {
    if (length > file.capacity()) {
      return false;
    }
    for (long i = 0; i < length; i++) {
      if (offset(address + i) < 0 || (i > 0 && address + i == 0)) {
        return false;
      }
    }
    return true;
  }

  private long le(long address, int bytes) {
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = (value << 8) | (file.get(offset(address + i)) & 0xff);
    }
    return value;
  }

  private int u16(int at) {
    return file.getShort(at) & 0xffff;
  }

  /** Place in the file of a guest address, or -1. */
  private int offset(long address) {
    for (MemoryRegion region : regions) {
      long offset = address - region.guestAddress();
      if (offset >= 0 && offset < region.size()) {
        return (int) (region.mmapOffset() + offset);
      }
    }
    return -1;
  }

  /** The device writes into the chain, from its first writable byte on. */
  void write(byte[] answer) {
    for (int i = 0; i < answer.length; i++) {
      file.put(writable.get(i), answer[i]);
    }
  }

  /** The device returns the chain. */
  void complete(int written) {
    int entry = used + 4 + 8 * (usedIndex % size);
    file.putInt(entry, head);
    file.putInt(entry + 4, written);
    usedIndex = (usedIndex + 1) & 0xffff;
    file.putShort(used + 2, (short) usedIndex);
  }
}
