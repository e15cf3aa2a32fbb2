package io.vhost4j.device.rng;

import io.vhost4j.device.LoopTask;
import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.virtqueue.ChainWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the source of an entropy device on a thread of its own, as a file may keep its reader
 * waiting for ever. Reads no more than a driver has asked for, and gives no more than was read.
 *
 * <p>The bytes belong to the thread while {@link #wanted} is above 0, else to the event loop.
 */
final class SourceReader implements PostedBuffers.Source {
  private static final Logger LOG = LoggerFactory.getLogger(SourceReader.class);

  /** What is read at a time, however large the driver's buffer: a short answer is one too (R1). */
  private static final int MAX_BYTES = 4096;

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final String name;
  private final Path path;
  private final Quota quota;
  private final ByteBuffer bytes = ByteBuffer.allocateDirect(MAX_BYTES).limit(0);

  private volatile int wanted;
  private volatile @Nullable LoopTask whenRead;
  private volatile boolean closed;

  /** There from the first byte that was asked for. Event loop only. */
  private @Nullable Thread thread;

  /* Of the thread. */
  private @Nullable FileChannel channel;
  private String told = "";

  SourceReader(String name, Path path, Quota quota) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString(), null, "no such file to read entropy from");
    }
    if (Files.isDirectory(path) || !Files.isReadable(path)) {
      throw new IOException(
          path
              + (Files.isDirectory(path)
                  ? " is a directory: name a file to read entropy from"
                  : " cannot be read: allow this user to, or name another source of entropy"));
    }
    this.name = name;
    this.path = path;
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
      read((int) Math.min(buffer.size(), MAX_BYTES));
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

  private void read(int count) {
    if (thread == null) {
      Thread reader = new Thread(this::run, name + "-source");
      reader.setDaemon(true);
      reader.start();
      thread = reader;
    }
    wanted = count;
    LockSupport.unpark(thread);
  }

  /** Ends the thread, now or when the file lets go of it. */
  void close() {
    closed = true;
    Thread reader = thread;
    if (reader != null) {
      // This closes the file, which may wait, so it is not for the event loop.
      Thread closer = new Thread(reader::interrupt, name + "-close");
      closer.setDaemon(true);
      closer.start();
    }
  }

  private void run() {
    while (!closed) {
      int count = wanted;
      if (count == 0) {
        LockSupport.park(this);
      } else if (quota.left() == 0) {
        LockSupport.parkNanos(this, quota.nanosToNext());
      } else {
        read(bytes.clear().limit((int) Math.min(count, quota.left())));
      }
    }
    closeFile();
  }

  private void read(ByteBuffer target) {
    try {
      if (channel == null) {
        channel = FileChannel.open(path);
      }
      int count = channel.read(target);
      if (count > 0) {
        quota.take(count);
        target.flip();
        wanted = 0;
        LoopTask task = whenRead;
        if (task != null) {
          task.request();
        }
        return;
      }
      tell("has ended");
    } catch (IOException e) {
      if (!closed) {
        tell("cannot be read: " + e.getMessage());
      }
      closeFile();
    }
    LockSupport.parkNanos(this, RETRY_NANOS);
  }

  /** Once, and not again each second. */
  private void tell(String what) {
    if (!what.equals(told)) {
      told = what;
      LOG.warn("{}: {} {}; the guest waits until it gives more bytes", name, path, what);
    }
  }

  private void closeFile() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      LOG.debug("{}: closing {}", name, path, e);
    }
    channel = null;
  }
}
