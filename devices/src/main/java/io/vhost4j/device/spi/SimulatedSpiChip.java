package io.vhost4j.device.spi;

import java.nio.ByteBuffer;

/** A chip without hardware: a wire from the line that is written on to the one that is read on. */
final class SimulatedSpiChip implements SpiChip {
  private static final int HERTZ = 50_000_000;

  @Override
  public SpiAbilities abilities() {
    return new SpiAbilities(
        SpiAbilities.ALL_WIDTHS,
        SpiAbilities.ALL_WIDTHS,
        SpiAbilities.ANY_WORD_SIZE,
        SpiAbilities.ALL_MODES,
        HERTZ);
  }

  @Override
  public boolean transfer(SpiTransfer transfer) {
    ByteBuffer read = transfer.read().limit(transfer.length());
    if (transfer.writes()) {
      read.put(0, transfer.written(), 0, transfer.length());
    } else {
      while (read.hasRemaining()) {
        read.put((byte) 0);
      }
    }
    return true;
  }

  @Override
  public void close() {
    // There is nothing to let go of.
  }

  @Override
  public String toString() {
    return "a simulated chip";
  }
}
