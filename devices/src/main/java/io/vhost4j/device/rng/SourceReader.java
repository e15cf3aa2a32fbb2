package io.vhost4j.device.rng;

import io.vhost4j.device.LoopTask;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.virtqueue.ChainWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * What a device has of its source: asks for no more than a driver wants, and gives no more than was
 * read.
 *
 * <p>The bytes belong to the source's thread while {@link #wanted} is above 0, else to the event
 * loop.
 */
final class SourceReader implements PostedBuffers.Source {
  /** What is read at a time, however large the driver's buffer: a short answer is one too (R1). */
  private static final int MAX_BYTES = 4096;

  private final EntropySource source;
  private final Quota quota;
  private final ByteBuffer bytes = ByteBuffer.allocateDirect(MAX_BYTES).limit(0);

  private volatile int wanted;
  private volatile @Nullable LoopTask whenRead;

  SourceReader(EntropySource source, Quota quota) {
    this.source = source;
    this.quota = quota;
  }

  /** Sets what to do when there are bytes that were asked for. */
  void whenRead(LoopTask task) {
    whenRead = task;
  }

  @Override
  public int fill(ChainWriter buffer) {
    if (wanted > 0) {
      return 0;
    }
    if (!bytes.hasRemaining()) {
      wanted = (int) Math.min(buffer.size(), MAX_BYTES);
      source.wake();
      return 0;
    }
    int end = bytes.limit();
    int count = (int) Math.min(buffer.size(), bytes.remaining());
    int next = bytes.position() + count;
    try {
      buffer.write(bytes.limit(next));
    } finally { // the memory may be gone, but part of them may have been seen there
      bytes.limit(end).position(next);
    }
    return count;
  }

  /** When to read for this one, in ns from now. Source's thread only, as all below. */
  long nanosToRead() {
    if (wanted == 0) {
      return Long.MAX_VALUE;
    }
    return quota.left() > 0 ? 0 : Math.max(1, quota.nanosToNext());
  }

  /**
   * Reads what may be given now.
   *
   * @return bytes read; 0 or below if there are none
   */
  int read(ReadableByteChannel file) throws IOException {
    return file.read(bytes.clear().limit((int) Math.min(wanted, quota.left())));
  }

  /** Gives the event loop what was read. */
  void deliver() {
    quota.take(bytes.flip().remaining());
    wanted = 0;
    LoopTask task = whenRead;
    if (task != null) {
      task.request();
    }
  }

  /** Nothing is read any more for this one. Any thread. */
  void close() {
    source.remove(this);
  }
}
