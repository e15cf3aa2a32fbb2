package io.vhost4j.audio.pipewire;

import com.sun.jna.Memory;
import io.vhost4j.audio.pipewire.lowlevel.LibC;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * Bytes from one thread to another without locks and allocation, in native memory: one side speaks
 * {@link ByteBuffer}, the other addresses. One thread at a time puts, one at a time takes.
 */
final class AudioRing {
  private static final VarHandle PUT;
  private static final VarHandle TAKEN;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      PUT = lookup.findVarHandle(AudioRing.class, "put", long.class);
      TAKEN = lookup.findVarHandle(AudioRing.class, "taken", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Memory memory;
  private final ByteBuffer view;
  private final long address;
  private final int capacity;

  /** Bytes ever put and ever taken; they only grow. */
  private long put;

  private long taken;

  /**
   * @param capacity in bytes, above 0
   */
  AudioRing(int capacity) {
    this.capacity = capacity;
    memory = new Memory(capacity);
    view = memory.getByteBuffer(0, capacity);
    address = Memory.nativeValue(memory);
  }

  /** Bytes to take. Any thread. */
  int used() {
    long first = (long) TAKEN.getAcquire(this);
    return (int) ((long) PUT.getAcquire(this) - first);
  }

  /** Bytes ever put. Any thread. */
  long putSoFar() {
    return (long) PUT.getAcquire(this);
  }

  /** Bytes ever taken. Any thread. */
  long takenSoFar() {
    return (long) TAKEN.getAcquire(this);
  }

  /** Bytes that can be put. On the thread that puts. */
  int room() {
    return (int) (capacity - (put - (long) TAKEN.getAcquire(this)));
  }

  /** Puts as many bytes as there is room for; the source's position moves by these. */
  void put(ByteBuffer source) {
    int bytes = Math.min(room(), source.remaining());
    int index = (int) (put % capacity);
    int first = Math.min(bytes, capacity - index);
    int position = source.position();
    view.put(index, source, position, first);
    view.put(0, source, position + first, bytes - first);
    source.position(position + bytes);
    PUT.setRelease(this, put + bytes);
  }

  /** Puts bytes from an address; there is {@link #room()} for them. */
  void put(long source, int bytes) {
    int index = (int) (put % capacity);
    int first = Math.min(bytes, capacity - index);
    LibC.memcpy(address + index, source, first);
    if (first < bytes) {
      LibC.memcpy(address, source + first, bytes - first);
    }
    PUT.setRelease(this, put + bytes);
  }

  /** Puts a byte many times; there is {@link #room()} for it. */
  void fill(byte value, int bytes) {
    int index = (int) (put % capacity);
    int first = Math.min(bytes, capacity - index);
    LibC.memset(address + index, value, first);
    LibC.memset(address, value, bytes - first);
    PUT.setRelease(this, put + bytes);
  }

  /** Takes as many bytes as there are and the target has room for. */
  void take(ByteBuffer target) {
    int bytes = Math.min(used(), target.remaining());
    int index = (int) (taken % capacity);
    int first = Math.min(bytes, capacity - index);
    int position = target.position();
    target.put(position, view, index, first);
    target.put(position + first, view, 0, bytes - first);
    target.position(position + bytes);
    TAKEN.setRelease(this, taken + bytes);
  }

  /** Takes bytes to an address; {@link #used()} has as many. */
  void take(long target, int bytes) {
    int index = (int) (taken % capacity);
    int first = Math.min(bytes, capacity - index);
    LibC.memcpy(target, address + index, first);
    if (first < bytes) {
      LibC.memcpy(target + first, address, bytes - first);
    }
    TAKEN.setRelease(this, taken + bytes);
  }

  /** Takes bytes to nowhere; {@link #used()} has as many. */
  void skip(int bytes) {
    TAKEN.setRelease(this, taken + bytes);
  }

  /** Frees the memory; nobody uses the ring any more. */
  void free() {
    memory.close();
  }
}
