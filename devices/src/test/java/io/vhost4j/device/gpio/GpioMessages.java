package io.vhost4j.device.gpio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What a driver sends. */
final class GpioMessages {
  private GpioMessages() {}

  static byte[] request(int type, int line, int value) {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) type)
        .putShort((short) line)
        .putInt(value)
        .array();
  }

  /** A buffer of the event queue. */
  static byte[] line(int line) {
    return ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) line).array();
  }
}
