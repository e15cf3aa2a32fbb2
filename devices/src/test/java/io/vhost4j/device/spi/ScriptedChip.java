package io.vhost4j.device.spi;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;

/** A chip that tells what it was asked for, can be kept waiting, and reads the complement. */
final class ScriptedChip implements SpiChip {
  private final SpiAbilities abilities;

  /** Of each transfer: {@code mode hertz bits lines/lines w HEX r COUNT}. */
  final List<String> transfers = new CopyOnWriteArrayList<>();

  /** A transfer waits for a permit. */
  final Semaphore permits = new Semaphore(Integer.MAX_VALUE / 2);

  final Semaphore begun = new Semaphore(0);
  volatile boolean fails;
  volatile boolean isClosed;

  ScriptedChip(SpiAbilities abilities) {
    this.abilities = abilities;
  }

  @Override
  public SpiAbilities abilities() {
    return abilities;
  }

  @Override
  public boolean transfer(SpiTransfer transfer) {
    StringBuilder text = new StringBuilder();
    text.append(
        "%x %d %d %d/%d"
            .formatted(
                transfer.mode(),
                transfer.hertz(),
                transfer.bitsPerWord(),
                transfer.linesToWrite(),
                transfer.linesToRead()));
    ByteBuffer read = transfer.read();
    if (transfer.writes()) {
      text.append(" w ");
      for (int i = 0; i < transfer.length(); i++) {
        text.append("%02x".formatted(transfer.written().get(i)));
        read.put(i, (byte) ~transfer.written().get(i));
      }
    }
    if (transfer.reads()) {
      text.append(" r ").append(transfer.length());
    }
    transfers.add(text.toString());
    begun.release();
    permits.acquireUninterruptibly();
    return !fails;
  }

  @Override
  public void close() {
    isClosed = true;
  }

  @Override
  public String toString() {
    return "a scripted chip";
  }
}
