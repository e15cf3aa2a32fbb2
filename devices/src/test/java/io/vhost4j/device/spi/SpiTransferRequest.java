package io.vhost4j.device.spi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** A request as a driver sends it; made by {@link #of}, and changed byte by byte. */
final class SpiTransferRequest {
  private final byte[] readable;
  private final int writableBytes;

  private SpiTransferRequest(byte[] readable, int writableBytes) {
    this.readable = readable;
    this.writableBytes = writableBytes;
  }

  /** With these bytes to read, however odd. */
  static SpiTransferRequest bytes(byte[] readable, int writableBytes) {
    return new SpiTransferRequest(readable.clone(), writableBytes);
  }

  byte[] readable() {
    return readable.clone();
  }

  int writableBytes() {
    return writableBytes;
  }

  /**
   * @param hex what is written
   * @param read bytes that are read
   */
  static SpiTransferRequest of(String hex, int read) {
    byte[] data = HexFormat.of().parseHex(hex);
    return new SpiTransferRequest(
        ByteBuffer.allocate(SpiRequest.BYTES + data.length).put(SpiRequest.BYTES, data).array(),
        read + 1);
  }

  /** The same with another byte in its head. */
  SpiTransferRequest with(int offset, int value) {
    byte[] changed = readable.clone();
    changed[offset] = (byte) value;
    return new SpiTransferRequest(changed, writableBytes);
  }

  /** The same with another le32 in its head. */
  SpiTransferRequest withWord(int offset, int value) {
    byte[] changed = readable.clone();
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value);
    return new SpiTransferRequest(changed, writableBytes);
  }
}
