package io.vhost4j.device.i2c;

import io.vhost4j.device.HostThread;
import java.io.IOException;
import java.util.Set;

/** A bus as the device has it: the addresses there that drivers may use, and a thread for it. */
final class I2cPort implements AutoCloseable {
  private final I2cBus bus;
  private final Set<Integer> addresses;
  private final I2cTransfer transfer = new I2cTransfer();
  private final HostThread thread;

  /** Takes the bus, and closes it in the end. */
  I2cPort(I2cBus bus, Set<Integer> addresses) throws IOException {
    this.bus = bus;
    this.addresses = Set.copyOf(addresses);
    thread =
        new HostThread(
            "i2c-bus",
            () -> {
              transfer.done(0);
              transfer.done(bus.transfer(transfer));
            },
            bus::close);
  }

  boolean has(int address) {
    return addresses.contains(address);
  }

  /** What the thread works on; the event loop's while the thread is free. */
  I2cTransfer transfer() {
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
    return bus.toString();
  }
}
