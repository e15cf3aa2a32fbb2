package io.vhost4j.vhostuser.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Buffers for payloads, and the payload that is a single number. */
public final class Payload {
  /** No payload; a shared buffer of length 0. */
  public static final ByteBuffer EMPTY = allocate(0);

  private Payload() {}

  /** A zeroed direct buffer of {@code size} bytes in native byte order. */
  public static ByteBuffer allocate(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
  }

  /** A payload of one 64-bit number. */
  public static ByteBuffer u64(long value) {
    return allocate(Long.BYTES).putLong(0, value);
  }

  /** Reads a payload of one 64-bit number. */
  public static long readU64(ByteBuffer payload) {
    return payload.getLong(payload.position());
  }
}
