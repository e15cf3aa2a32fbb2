package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vhost4j.device.DeviceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file to which the guest's output is added. To open it and to write it may wait, for a disk or
 * for the reader of a FIFO, so a thread does both. Nothing comes from there.
 *
 * <p>The bytes belong to the thread while {@link #given} is true, else to the event loop.
 */
final class FileEnd implements HostEnd {
  private static final Logger log = LoggerFactory.getLogger(FileEnd.class);
  private static final int BUFFER_BYTES = 1 << 16;
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long CLOSE_MILLIS = 300;

  private final Path path;
  private final ByteBuffer bytes = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final Thread thread;

  private volatile boolean given;
  private volatile boolean wanted;
  private volatile boolean closed;

  /** The last bytes, which are the thread's when it is to end. */
  private volatile ByteBuffer last = ByteBuffer.allocate(0);

  private volatile @Nullable Context context;
  private volatile Runnable changed = () -> {};

  private FileEnd(Path path) {
    this.path = path;
    this.thread = new Thread(this::run, "console-file");
    thread.setDaemon(true);
  }

  /**
   * A file, which is made if it is not there.
   *
   * @throws IOException if it cannot be written, or no thread can be had
   */
  static FileEnd open(Path path) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    boolean possible =
        Files.exists(path)
            ? !Files.isDirectory(path) && Files.isWritable(path)
            : directory != null && Files.isDirectory(directory) && Files.isWritable(directory);
    if (!possible) {
      throw new IOException(
          path
              + (Files.isDirectory(path)
                  ? " is a directory: name a file"
                  : " cannot be written: see that its directory is there, and allow this user to"));
    }
    FileEnd end = new FileEnd(path);
    try {
      end.thread.start();
    } catch (OutOfMemoryError e) { // which is what Java says of threads too
      throw new IOException(
          path + " cannot be written: the system has no thread left; end others, or allow more", e);
    }
    return end;
  }

  @Override
  public void attach(Context loop, Runnable whenChanged) {
    changed = whenChanged;
    context = loop;
  }

  @Override
  public boolean isOpen() {
    return context != null;
  }

  @Override
  public int read(ByteBuffer target) {
    return 0;
  }

  @Override
  public void write(ByteBuffer source) {
    if (given) {
      wanted = true;
      if (given) {
        return;
      }
    }
    int count = Math.min(source.remaining(), BUFFER_BYTES);
    bytes.clear().put(0, source, source.position(), count).limit(count);
    source.position(source.position() + count);
    given = true;
    LockSupport.unpark(thread);
  }

  private void again() {
    Context loop = context;
    if (loop != null) {
      loop.runOnContext(v -> changed.run());
    }
  }

  /** What was given is written, if that does not take long. */
  @Override
  public void close(ByteBuffer rest) {
    last = rest;
    closed = true;
    LockSupport.unpark(thread);
    // To interrupt it closes the file, which may wait, so it is not for the event loop.
    Thread closer =
        new Thread(
            () -> {
              try {
                thread.join(CLOSE_MILLIS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              thread.interrupt();
            },
            "console-close");
    closer.setDaemon(true);
    try {
      closer.start();
    } catch (OutOfMemoryError e) {
      log.debug("{} stays open for as long as it keeps its writer waiting", path, e);
    }
  }

  // The thread

  private void run() {
    @Nullable FileChannel file = null;
    String told = "";
    while (!closed || given || last.hasRemaining()) {
      if (!given && !closed) {
        LockSupport.park(this);
        continue;
      }
      try {
        if (file == null) {
          file =
              FileChannel.open(
                  path,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.APPEND);
        }
        writeAll(file, given ? bytes : last);
        told = "";
        taken();
      } catch (IOException e) { // a full disk, or a FIFO whose reader has gone
        String reason = DeviceException.reason(e);
        if (closed) {
          break;
        }
        if (!reason.equals(told)) { // once, and not again each second
          told = reason;
          log.warn("{} cannot be written: {}; the guest's output waits", path, reason);
        }
        close(file);
        file = null;
        LockSupport.parkNanos(this, RETRY_NANOS);
      }
    }
    close(file);
  }

  private static void writeAll(FileChannel file, ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      int unused = file.write(source);
    }
  }

  private void taken() {
    given = false;
    if (wanted) {
      wanted = false;
      try {
        again();
      } catch (RejectedExecutionException e) {
        // The event loop has ended, and with it who is to be told.
      }
    }
  }

  private void close(@Nullable FileChannel file) {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      log.debug("closing {}", path, e);
    }
  }
}
