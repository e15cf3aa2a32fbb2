package io.vhost4j.device.i2c;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A bus without hardware. At addresses 0x50 to 0x57 it has EEPROMs of 256 bytes, as boards do, at
 * all others files of 256 registers. Both are written and read as such chips are: the first byte
 * that is written says where, the others go there and behind, and what is read comes from where the
 * last access has ended.
 */
final class SimulatedI2cBus implements I2cBus {
  private static final int SIZE = 256;
  private static final int FIRST_EEPROM = 0x50;
  private static final int LAST_EEPROM = 0x57;

  /** An EEPROM is written within a page: behind its end comes its start. */
  private static final int PAGE = 16;

  private final Map<Integer, Chip> chips = new HashMap<>();

  private static final class Chip {
    private final byte[] bytes = new byte[SIZE];
    private final int page;
    private int at;

    Chip(int page, byte fresh) {
      this.page = page;
      Arrays.fill(bytes, fresh);
    }

    void write(ByteBuffer source) {
      if (source.hasRemaining()) {
        at = Byte.toUnsignedInt(source.get());
      }
      while (source.hasRemaining()) {
        bytes[at] = source.get();
        at = (at & -page) | ((at + 1) & (page - 1));
      }
    }

    void read(ByteBuffer target) {
      while (target.hasRemaining()) {
        target.put(bytes[at]);
        at = (at + 1) % SIZE;
      }
    }
  }

  /** A bus with a chip at each of these addresses. */
  SimulatedI2cBus(Iterable<Integer> addresses) {
    for (int address : addresses) {
      boolean isEeprom = address >= FIRST_EEPROM && address <= LAST_EEPROM;
      chips.put(address, isEeprom ? new Chip(PAGE, (byte) -1) : new Chip(SIZE, (byte) 0));
    }
  }

  @Override
  public int transfer(I2cTransfer transfer) {
    ByteBuffer data = transfer.data();
    for (int i = 0; i < transfer.count(); i++) {
      Chip chip = chips.get(transfer.address(i));
      if (chip == null) {
        return i;
      }
      data.limit(transfer.start(i) + transfer.length(i)).position(transfer.start(i));
      if (transfer.isRead(i)) {
        chip.read(data);
      } else {
        chip.write(data);
      }
    }
    return transfer.count();
  }

  @Override
  public void close() {
    // There is nothing to let go of.
  }

  @Override
  public String toString() {
    return "a simulated bus";
  }
}
