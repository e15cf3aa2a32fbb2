package io.vhost4j.device.spi;

import io.vhost4j.device.Struct;
import io.vhost4j.device.queue.Request;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request.
 *
 * <pre>
 *  0 u8   chip select          1 u8   bits per word       2 u8   leave the chip at the end
 *  3 u8   lines to write on    4 u8   lines to read on    5      reserved
 *  8 le32 mode                12 le32 clock in Hz        16 le32 delay between words in ns
 * 20 le32 setup, 24 hold, 28 inactive time of chip select in ns
 * </pre>
 */
final class SpiRequest extends Struct<SpiRequest> {
  static final int BYTES = 32;

  static final int CPHA = 1;
  static final int CPOL = 1 << 1;
  static final int CS_HIGH = 1 << 2;
  static final int LSB_FIRST = 1 << 3;
  static final int LOOP = 1 << 4;
  static final int ALL_MODES = (1 << 5) - 1;

  /** Most bytes of a transfer (H6). */
  static final int MAX_BYTES = 1 << 16;

  private static final int DEFAULT_BITS = 8;

  SpiRequest() {
    super(BYTES);
  }

  int chipSelect() {
    return u8(0);
  }

  /** 1 to 32 in a request that is right. */
  int bitsPerWord() {
    return u8(1) == 0 ? DEFAULT_BITS : u8(1); // P6
  }

  int linesToWrite() {
    return u8(3);
  }

  int linesToRead() {
    return u8(4);
  }

  int mode() {
    return le32(8);
  }

  /** 0 for whatever the chip is used with. */
  int hertz() {
    return le32(12);
  }

  /**
   * What is wrong with it (P1), in words for the log; or null.
   *
   * @param request whose head this is
   */
  @Nullable String fault(Request request, SpiAbilities abilities, int chips) {
    if (chipSelect() >= chips) {
      return "there is no such chip select"; // P4
    } else if (u8(2) > 1) {
      return "cs_change is neither 0 nor 1";
    } else if (bitsPerWord() > Integer.SIZE || !abilities.hasWordSize(bitsPerWord())) {
      return "there are no words of so many bits";
    } else if (!SpiAbilities.hasWidth(abilities.txWidths(), linesToWrite())
        || !SpiAbilities.hasWidth(abilities.rxWidths(), linesToRead())) {
      return "there are not so many lines";
    } else if (!abilities.hasMode(mode())) {
      return "the mode is not supported";
    } else if (abilities.maxHertz() != 0
        && Integer.compareUnsigned(hertz(), abilities.maxHertz()) > 0) {
      return "the clock is too fast";
    } else if ((le32(16) | le32(20) | le32(24) | le32(28)) != 0) {
      return "delays are not supported";
    }
    return faultOfLengths(request.reader().remaining(), request.room());
  }

  private @Nullable String faultOfLengths(long written, long read) {
    long bytes = Math.max(written, read);
    if (bytes == 0) {
      return "there is nothing to transfer"; // P5
    } else if (written != 0 && read != 0 && written != read) {
      return "as many bytes have to be read as written, or none"; // P2
    } else if (bytes > MAX_BYTES) {
      return "it is longer than 65536 bytes";
    }
    int bits = bitsPerWord();
    int wordBytes = bits <= Byte.SIZE ? 1 : bits <= Short.SIZE ? 2 : 4;
    return bytes % wordBytes != 0 ? "it is no whole number of words" : null; // P6
  }
}
