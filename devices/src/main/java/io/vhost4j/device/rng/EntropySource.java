package io.vhost4j.device.rng;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file whose bytes go to one or several entropy devices, each byte to one of them (R4). It is
 * opened and read by a thread of its own, as both may wait for ever, and no more is read than
 * drivers have asked for. It is closed with the last of the devices.
 */
final class EntropySource {
  private static final Logger LOG = LoggerFactory.getLogger(EntropySource.class);

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Opens the file. */
  @FunctionalInterface
  interface Opener {
    SeekableByteChannel open(Path path) throws IOException;
  }

  private final Path path;
  private final Opener opener;
  private final Thread thread;

  /** Changed under the lock of this object. */
  private volatile List<SourceReader> readers = List.of();

  private volatile boolean closed;

  /* Of the thread. */
  private @Nullable SeekableByteChannel channel;
  private long position;
  private int turn;
  private String told = "";

  private EntropySource(Path path, Opener opener, ThreadFactory threads) {
    this.path = path;
    this.opener = opener;
    thread = threads.newThread(this::run);
    thread.setName("entropy-source");
    thread.setDaemon(true);
  }

  /**
   * A source that nobody reads so far.
   *
   * @throws IOException if the file is not there or cannot be read by this process, or no thread
   *     can be had
   */
  static EntropySource of(Path path) throws IOException {
    return of(path, Files::newByteChannel, Thread::new);
  }

  static EntropySource of(Path path, Opener opener, ThreadFactory threads) throws IOException {
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
    EntropySource source = new EntropySource(path, opener, threads);
    try {
      // Now and not when a driver asks: its buffer could not go back empty (R2).
      source.thread.start();
    } catch (OutOfMemoryError e) { // which is what Java says of threads too
      throw new IOException(
          path + " cannot be read: the system has no thread left; end others, or allow more", e);
    }
    return source;
  }

  /** One that takes its bytes from here, or null if this source has been closed meanwhile. */
  synchronized @Nullable SourceReader reader(Quota quota) {
    if (closed) {
      return null;
    }
    SourceReader reader = new SourceReader(this, quota);
    List<SourceReader> more = new ArrayList<>(readers);
    more.add(reader);
    readers = List.copyOf(more);
    return reader;
  }

  /** With the last reader the thread ends, now or when the file lets go of it. */
  synchronized void remove(SourceReader reader) {
    readers = readers.stream().filter(each -> each != reader).toList();
    if (!readers.isEmpty() || closed) {
      return;
    }
    closed = true;
    LockSupport.unpark(thread);
    // This closes the file, which may wait, so it is not for the event loop.
    Thread closer = new Thread(thread::interrupt, "entropy-close");
    closer.setDaemon(true);
    try {
      closer.start();
    } catch (OutOfMemoryError e) {
      LOG.debug("{} stays open for as long as it keeps its reader waiting", path, e);
    }
  }

  /** A reader wants bytes. Any thread. */
  void wake() {
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!closed) {
      long idle = RETRY_NANOS;
      try {
        idle = serve();
      } catch (IOException e) {
        if (!closed) {
          fail("cannot be read: " + e.getMessage());
        }
        closeFile();
      } catch (RuntimeException | Error e) { // drivers wait for this thread: it goes on
        fail("cannot be read: " + e);
      }
      if (idle > 0) {
        LockSupport.parkNanos(this, idle);
      }
    }
    closeFile();
  }

  /**
   * Reads for the next that wants bytes and may have them.
   *
   * @return how long there is nothing to do, in ns
   */
  private long serve() throws IOException {
    List<SourceReader> all = readers;
    long idle = Long.MAX_VALUE;
    for (int i = 0; i < all.size(); i++) {
      int index = (turn + i) % all.size();
      SourceReader reader = all.get(index);
      long wait = reader.nanosToRead();
      if (wait > 0) {
        idle = Math.min(idle, wait);
        continue;
      }
      int count = reader.read(file());
      if (count <= 0) {
        tell("has ended");
        return RETRY_NANOS;
      }
      position += count;
      turn = index + 1;
      reader.deliver();
      return 0;
    }
    return idle;
  }

  private SeekableByteChannel file() throws IOException {
    SeekableByteChannel opened = channel;
    if (opened == null) {
      opened = opener.open(path);
      channel = opened;
      if (Files.isRegularFile(path)) {
        opened.position(position);
      }
    }
    return opened;
  }

  /** As {@link #tell}, where that may fail too. */
  private void fail(String what) {
    try {
      tell(what);
    } catch (RuntimeException | Error e) {
      told = ""; // the next time
    }
  }

  /** Once, and not again each second. */
  private void tell(String what) {
    if (!what.equals(told)) {
      told = what;
      LOG.warn("{} {}; guests wait until it gives more bytes", path, what);
    }
  }

  private void closeFile() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      LOG.debug("closing {}", path, e);
    }
    channel = null;
  }
}
