package io.vhost4j.vhostuser.frontend;

import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A driver of a virtio block device on one queue: a few requests under way at a time, waited for on
 * the calling thread.
 */
final class BlockDriver {
  static final int SECTOR = 512;
  static final int IN = 0;
  static final int OUT = 1;
  static final int FLUSH = 4;
  static final int GET_ID = 8;
  static final int STATUS_OK = 0;
  static final int STATUS_IOERR = 1;
  static final int STATUS_UNSUPP = 2;

  private static final int HEADER = 16;
  private static final int SECTOR_OFFSET = 8;

  private final FrontendMemory memory;
  private final FrontendQueue queue;

  BlockDriver(FrontendMemory memory, FrontendQueue queue) {
    this.memory = memory;
    this.queue = queue;
  }

  /** A request that has been made available. */
  record Request(int head, ByteBuffer data, ByteBuffer status) {
    int result() {
      return status.get(0);
    }
  }

  /** Adds a request: header, data cut into pieces, status. The device sees it after publish. */
  Request add(int type, long sector, int dataLength, int pieces, boolean indirect) {
    long header = memory.allocate(HEADER, 16);
    ByteBuffer headerBytes = slice(header, HEADER);
    headerBytes.putInt(0, type).putInt(4, 0).putLong(SECTOR_OFFSET, sector);
    long data = dataLength == 0 ? 0 : memory.allocate(dataLength, SECTOR);
    long status = memory.allocate(1, 1);
    slice(status, 1).put(0, (byte) 0x55);

    int dataPieces = dataLength == 0 ? 0 : pieces;
    long[] addresses = new long[2 + dataPieces];
    int[] lengths = new int[2 + dataPieces];
    addresses[0] = header;
    lengths[0] = HEADER;
    int piece = dataPieces == 0 ? 0 : dataLength / dataPieces;
    for (int i = 0; i < dataPieces; i++) {
      addresses[1 + i] = data + (long) i * piece;
      lengths[1 + i] = i == dataPieces - 1 ? dataLength - i * piece : piece;
    }
    addresses[1 + dataPieces] = status;
    lengths[1 + dataPieces] = 1;
    boolean toDevice = type == OUT;
    int readable = toDevice ? 1 + dataPieces : 1;
    int writable = toDevice ? 1 : 1 + dataPieces;
    DriverQueue driver = queue.driver();
    int head =
        indirect
            ? driver.addIndirect(addresses, lengths, readable, writable)
            : driver.add(addresses, lengths, readable, writable);
    if (head < 0) {
      throw new IllegalStateException("the ring is full");
    }
    return new Request(
        head, dataLength == 0 ? slice(header, 0) : slice(data, dataLength), slice(status, 1));
  }

  /** Shows the device what was added, and blocks until all of it is done. */
  void run() throws VirtqueueException {
    queue.publish();
    while (queue.driver().inFlight() > 0) {
      if (queue.driver().poll() >= 0 || queue.driver().enableNotifications()) {
        continue;
      }
      if (!queue.call().await(10_000) || queue.call().drain() == 0) {
        throw new AssertionError("no used-buffer notification within 10 s");
      }
    }
  }

  private ByteBuffer slice(long address, int length) {
    return Objects.requireNonNull(memory.memory().slice(address, length))
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
