package io.vhost4j.event;

import io.netty.channel.unix.FileDescriptor;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.protocol.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
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

  private final OwnedFd fd;
  private final FileDescriptor file;
  private final ByteBuffer one = Payload.u64(1);
  private final Thread thread;
  private volatile boolean signalled;
  private volatile boolean unread;
  private volatile boolean closed;

  private FileThread(OwnedFd fd) {
    this.fd = fd;
    this.file = new FileDescriptor(fd.number());
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
    if (!PERMITS.tryAcquire()) {
      throw new IOException(MAX_THREADS + " pipes or sockets are in use for notifications already");
    }
    try {
      FileThread started = new FileThread(fd);
      started.thread.start();
      return started;
    } catch (OutOfMemoryError e) {
      PERMITS.release();
      throw new IOException("no thread for a pipe or socket can be started", e);
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

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    try {
      while (!closed) {
        if (signalled) {
          signalled = false;
          write();
        } else if (unread) {
          unread = false;
          read();
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

  private void read() {
    ByteBuffer target = ByteBuffer.allocateDirect(READ_SIZE);
    try {
      for (int i = 0; i < READS && Descriptors.awaitReadable(fd.number(), 0); i++) {
        if (file.read(target, 0, READ_SIZE) <= 0) {
          return;
        }
      }
    } catch (IOException e) {
      // The peer has closed its end: nothing more comes.
    }
  }
}
