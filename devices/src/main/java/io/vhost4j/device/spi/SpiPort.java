package io.vhost4j.device.spi;

import io.vhost4j.device.HostThread;
import java.io.IOException;

/** A chip as the device has it, with a thread for it. */
final class SpiPort implements AutoCloseable {
  private final SpiChip chip;
  private final SpiTransfer transfer = new SpiTransfer();
  private final HostThread thread;

  /** Takes the chip, and closes it in the end. */
  SpiPort(SpiChip chip) throws IOException {
    this.chip = chip;
    thread = new HostThread("spi-chip", () -> transfer.done(chip.transfer(transfer)), chip::close);
  }

  SpiAbilities abilities() {
    return chip.abilities();
  }

  /** What the thread works on; the event loop's while the thread is free. */
  SpiTransfer transfer() {
    return transfer;
  }

  HostThread thread() {
    return thread;
  }

  @Override
  public void close() {
    thread.close();
  }

  @Override
  public String toString() {
    return chip.toString();
  }
}
