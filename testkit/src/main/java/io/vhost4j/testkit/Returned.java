package io.vhost4j.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A buffer that the device has given back. */
public final class Returned {
  private final int head;
  private final long length;
  private final byte[] writable;

  Returned(int head, long length, byte[] writable) {
    this.head = head;
    this.length = length;
    this.writable = writable;
  }

  /** What {@link GuestQueue#add} gave for it. */
  public int head() {
    return head;
  }

  /** What the used ring says was written, in bytes. */
  public long length() {
    return length;
  }

  /** The writable part as it was when the buffer came back. */
  public byte[] writable() {
    return writable.clone();
  }

  /** The le32 at an offset of the writable part. */
  public int word(int offset) {
    return ByteBuffer.wrap(writable).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
  }
}
