package io.vhost4j.device.spi;

import io.vhost4j.device.DeviceConfig;
import java.nio.ByteBuffer;

/**
 * What transfers a chip can be given: the configuration space tells it, and requests are checked by
 * it (P1).
 *
 * @param txWidths more than one line to write on: bit 0 for 2, bit 1 for 4, bit 2 for 8
 * @param rxWidths the same to read on
 * @param wordSizes bit n for words of n + 1 bits
 * @param modes a bit for each of {@link #CPHA_0} and those that follow
 * @param maxHertz fastest clock, 0 if that is not known
 */
record SpiAbilities(int txWidths, int rxWidths, int wordSizes, int modes, int maxHertz) {
  static final int CPHA_0 = 1;
  static final int CPHA_1 = 1 << 1;
  static final int CPOL_0 = 1 << 2;
  static final int CPOL_1 = 1 << 3;
  static final int CS_HIGH = 1 << 4;
  static final int LSB_FIRST = 1 << 5;
  static final int LOOP = 1 << 6;
  static final int ALL_MODES = (1 << 7) - 1;

  static final int ALL_WIDTHS = 7;
  static final int ANY_WORD_SIZE = -1;

  private static final int CONFIG_BYTES = 32;

  /** What both can do. */
  SpiAbilities and(SpiAbilities other) {
    return new SpiAbilities(
        txWidths & other.txWidths,
        rxWidths & other.rxWidths,
        wordSizes & other.wordSizes,
        modes & other.modes,
        maxHertz == 0 || other.maxHertz == 0
            ? maxHertz | other.maxHertz
            : Math.min(maxHertz, other.maxHertz));
  }

  /** Whether there is a transfer at all that can be made (P7). */
  boolean areEnough() {
    return (modes & (CPHA_0 | CPHA_1)) != 0 && (modes & (CPOL_0 | CPOL_1)) != 0 && wordSizes != 0;
  }

  /**
   * The configuration space. Delays are not supported, as spidev cannot tell whether they are kept.
   *
   * @param chips number of chip selects
   */
  DeviceConfig config(int chips) {
    DeviceConfig config = new DeviceConfig(CONFIG_BYTES);
    ByteBuffer bytes = config.bytes();
    bytes.put((byte) chips).put((byte) 1); // a chip may be left in between
    bytes.put((byte) txWidths).put((byte) rxWidths);
    bytes.putInt(wordSizes == ANY_WORD_SIZE ? 0 : wordSizes);
    bytes.putInt(modes).putInt(maxHertz);
    return config;
  }

  /** Whether words of so many bits, 1 to 32, can be transferred. */
  boolean hasWordSize(int bits) {
    return ((wordSizes >>> (bits - 1)) & 1) != 0;
  }

  /** Whether there are so many lines; 0 means the one that there always is (P3). */
  static boolean hasWidth(int widths, int lines) {
    return switch (lines) {
      case 0, 1 -> true;
      case 2, 4, 8 -> (widths & (lines >> 1)) != 0;
      default -> false;
    };
  }

  /** Whether a transfer can have this mode, with the bits of a request. */
  boolean hasMode(int mode) {
    int needed = (mode & SpiRequest.CPHA) == 0 ? CPHA_0 : CPHA_1;
    needed |= (mode & SpiRequest.CPOL) == 0 ? CPOL_0 : CPOL_1;
    // The others follow each other in both.
    needed |= (mode & ~(SpiRequest.CPHA | SpiRequest.CPOL)) << 2;
    return (mode & ~SpiRequest.ALL_MODES) == 0 && (modes & needed) == needed;
  }
}
