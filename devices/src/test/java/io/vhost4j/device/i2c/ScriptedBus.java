package io.vhost4j.device.i2c;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;

/** A bus that tells what it was asked for, and can be kept waiting. */
final class ScriptedBus implements I2cBus {
  /** Of each transfer, its messages: {@code 32 w 0102} or {@code 32 r 2}. */
  final List<String> transfers = new CopyOnWriteArrayList<>();

  /** A transfer waits for a permit. */
  final Semaphore permits = new Semaphore(Integer.MAX_VALUE / 2);

  final Semaphore begun = new Semaphore(0);

  /** Messages that are done of each transfer, at most. */
  volatile int does = Integer.MAX_VALUE;

  volatile boolean isClosed;

  /** What is read is this, and the bytes that follow. */
  volatile int next = 0x10;

  ScriptedBus stuck() {
    int unused = permits.drainPermits();
    return this;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time
  public int transfer(I2cTransfer transfer) {
    List<String> messages = new ArrayList<>();
    for (int i = 0; i < transfer.count(); i++) {
      StringBuilder bytes = new StringBuilder();
      for (int k = 0; k < transfer.length(i); k++) {
        int at = transfer.start(i) + k;
        if (transfer.isRead(i)) {
          transfer.data().put(at, (byte) next++);
        } else {
          bytes.append("%02x".formatted(transfer.data().get(at)));
        }
      }
      String what = transfer.isRead(i) ? "r " + transfer.length(i) : "w " + bytes;
      messages.add(transfer.address(i) + " " + what.strip());
    }
    transfers.add(String.join(", ", messages));
    begun.release();
    permits.acquireUninterruptibly();
    return Math.min(does, transfer.count());
  }

  @Override
  public void close() {
    isClosed = true;
  }

  @Override
  public String toString() {
    return "a scripted bus";
  }
}
