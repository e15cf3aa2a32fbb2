package io.vhost4j.device.i2c;

import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.ChainWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Messages that go over the bus in one go: a copy of what the driver wants to write, and room for
 * what it wants to read. Of one thread at a time, and used over and over.
 */
final class I2cTransfer {
  /** Most messages in one go: those of Linux' {@code I2C_RDWR}. */
  static final int MAX_MESSAGES = 42;

  /** Most bytes of a message, as Linux has it (H6). */
  static final int MAX_BYTES = 8192;

  private static final int FIRST_BYTES = 4096;

  private final int[] addresses = new int[MAX_MESSAGES];
  private final boolean[] reads = new boolean[MAX_MESSAGES];
  private final int[] starts = new int[MAX_MESSAGES + 1];
  private int count;
  private ByteBuffer data = allocate(FIRST_BYTES);

  /** How many messages have been done. */
  private int done;

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /** Starts over without messages. */
  void clear() {
    count = 0;
    done = 0;
  }

  boolean isFull() {
    return count == MAX_MESSAGES;
  }

  /** Adds a message that reads {@code length} bytes, at most {@link #MAX_BYTES}. */
  void addRead(int address, int length) {
    add(address, true, length);
  }

  /** Adds a message that writes what the driver gives, at most {@link #MAX_BYTES} bytes. */
  void addWrite(int address, ChainReader bytes) {
    int length = (int) bytes.remaining();
    add(address, false, length);
    bytes.read(data.limit(starts[count]).position(starts[count - 1]));
  }

  private void add(int address, boolean read, int length) {
    int start = starts[count];
    if (start + length > data.capacity()) {
      ByteBuffer larger = allocate(Math.max(2 * data.capacity(), start + length));
      larger.put(data.limit(start).position(0));
      data = larger;
    }
    addresses[count] = address;
    reads[count] = read;
    starts[++count] = start + length;
  }

  /** Number of messages. */
  int count() {
    return count;
  }

  /** The chip's address, 7 bits or, from 0x80 on, 10. */
  int address(int message) {
    return addresses[message];
  }

  boolean isRead(int message) {
    return reads[message];
  }

  /** Where the bytes of a message begin in {@link #data()}. */
  int start(int message) {
    return starts[message];
  }

  /** Number of bytes of a message. */
  int length(int message) {
    return starts[message + 1] - starts[message];
  }

  /** Bytes of all messages together. */
  int bytes() {
    return starts[count];
  }

  /** The bytes of all messages: a direct buffer, in the machine's byte order. */
  ByteBuffer data() {
    return data.clear();
  }

  /** Tells how many messages have been done, from the first on. */
  void done(int messages) {
    done = messages;
  }

  int done() {
    return done;
  }

  /** Gives the driver what a message has read. */
  void copyTo(ChainWriter reply, int message) {
    reply.write(data.limit(starts[message + 1]).position(starts[message]));
  }
}
