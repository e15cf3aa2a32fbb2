package io.vhost4j.device.i2c;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** A request as a driver sends it. */
final class I2cMessage {
  private final byte[] readable;
  private final int writableBytes;

  private I2cMessage(byte[] readable, int writableBytes) {
    this.readable = readable;
    this.writableBytes = writableBytes;
  }

  /** With these bytes to read, however odd. */
  static I2cMessage bytes(byte[] readable, int writableBytes) {
    return new I2cMessage(readable.clone(), writableBytes);
  }

  byte[] readable() {
    return readable.clone();
  }

  int writableBytes() {
    return writableBytes;
  }

  static final int FAIL_NEXT = 1;
  static final int READ = 2;

  private static byte[] head(int address, int flags, byte... data) {
    return ByteBuffer.allocate(8 + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) address)
        .putShort((short) 0)
        .putInt(flags)
        .put(data)
        .array();
  }

  /** With the address as the driver has it in the request. */
  static I2cMessage raw(int address, int flags, String hex, int writableBytes) {
    return new I2cMessage(head(address, flags, HexFormat.of().parseHex(hex)), writableBytes);
  }

  static I2cMessage write(int address, String hex) {
    return raw(address << 1, 0, hex, 1);
  }

  static I2cMessage read(int address, int bytes) {
    return raw(address << 1, READ, "", bytes + 1);
  }

  /** The same, with more behind it that fails if this does. */
  I2cMessage then() {
    byte[] grouped = readable.clone();
    grouped[4] |= FAIL_NEXT;
    return new I2cMessage(grouped, writableBytes);
  }
}
