package io.vhost4j.device.spi;

/** A chip at a chip select. One thread at a time, which may be kept waiting. */
interface SpiChip extends AutoCloseable {
  /** What it can be given; any thread. */
  SpiAbilities abilities();

  /**
   * Selects the chip, makes one transfer, and leaves it.
   *
   * @return whether it has been made
   */
  boolean transfer(SpiTransfer transfer);

  @Override
  void close();
}
