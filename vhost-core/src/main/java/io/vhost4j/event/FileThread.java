package io.vhost4j.event;

import io.netty.channel.unix.FileDescriptor;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads and writes a descriptor of a peer that an event loop cannot touch without the risk of
 * blocking, on a daemon thread of its own. Owns the descriptor. A peer may keep the thread waiting
 * for ever, which harms nobody else; there is a limit to the number of threads. The methods may be
 * called by any thread.
 */
final class FileThread implements AutoCloseable {
  /** Threads at a time in this process. */
  static final int MAX_THREADS = 256;

  private static final Semaphore PERMITS = new Semaphore(MAX_THREADS);
  private static final int READ_SIZE = 4096;
  private static final int READS = 1024;

  /** What is read goes where nobody looks, so all threads may share it. */
  private static final ByteBuffer THROWN_AWAY = ByteBuffer.allocateDirect(READ_SIZE);

  private final OwnedFd fd;
  private final FileDescriptor file;
  private final ByteBuffer one = EventFd.counter(1);
  private final Runnable afterRead;
  private final Thread thread;
  private volatile boolean signalled;
  private volatile boolean unread;
  private volatile boolean closed;

  private FileThread(OwnedFd fd, Runnable afterRead) {
    this.fd = fd;
    this.file = new FileDescriptor(fd.number());
    this.afterRead = afterRead;
    this.thread = new Thread(this::run, "vhost4j-" + fd);
    thread.setDaemon(true);
  }

  /**
   * Starts a thread.
   *
   * @param fd the descriptor, which belongs to the result; on failure it stays the caller's
   * @throws IOException if there are too many threads
   */
  static FileThread start(OwnedFd fd) throws IOException {
    return start(fd, () -> {});
  }

  private static FileThread start(OwnedFd fd, Runnable afterRead) throws IOException {
    if (!PERMITS.tryAcquire()) {
      throw new IOException(
          "the limit of " + MAX_THREADS + " threads for notifications is reached");
    }
    try {
      FileThread started = new FileThread(fd, afterRead);
      started.thread.start();
      return started;
    } catch (OutOfMemoryError e) {
      PERMITS.release();
      throw new IOException("no thread for notifications can be started", e);
    }
  }

  /** As {@link #start}, for a descriptor that stays the caller's. */
  static FileThread startForCopy(OwnedFd fd) throws IOException {
    return startForCopy(fd, () -> {});
  }

  /**
   * As {@link #start}, for a descriptor that stays the caller's.
   *
   * @param afterRead run by the thread when it has read what was there
   */
  static FileThread startForCopy(OwnedFd fd, Runnable afterRead) throws IOException {
    OwnedFd copy = fd.duplicate();
    try {
      return start(copy, afterRead);
    } catch (IOException e) {
      copy.close();
      throw e;
    }
  }

  /** Writes 8 bytes, if there is room for them. Signals that come close together may become one. */
  void signal() {
    signalled = true;
    LockSupport.unpark(thread);
  }

  /** Reads what is there and throws it away. */
  void drain() {
    unread = true;
    LockSupport.unpark(thread);
  }

  /** Ends the thread, which writes what has been signalled before. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    try {
      while (!closed || signalled) {
        if (signalled) {
          signalled = false;
          write();
        } else if (unread) {
          unread = false;
          read();
          tell();
        } else {
          LockSupport.park(this);
        }
      }
    } finally {
      fd.close();
      PERMITS.release();
    }
  }

  private void write() {
    try {
      if (Descriptors.writable(fd.number())) {
        int unused = file.write(one, 0, Long.BYTES);
      }
    } catch (IOException e) {
      // The peer has closed its end: nobody is to be woken.
    }
  }

  private void tell() {
    try {
      afterRead.run();
    } catch (RejectedExecutionException e) {
      // The event loop has ended, and with it who is to be told.
    }
  }

  private void read() {
    try {
      for (int i = 0; i < READS && Descriptors.awaitReadable(fd.number(), 0); i++) {
        if (file.read(THROWN_AWAY, 0, READ_SIZE) <= 0) {
          return;
        }
      }
    } catch (IOException e) {
      // The peer has closed its end: nothing more comes.
    }
  }
}
