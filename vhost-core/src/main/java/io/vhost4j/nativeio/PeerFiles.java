package io.vhost4j.nativeio;

import java.io.IOException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Closes descriptors whose open file a peer chose. To close a file can take for ever: that of a
 * FUSE file system asks the file system first, and the last user of a pipe waits for its lock,
 * which a peer may hold. So only what is known to be harmless is closed by the caller, and
 * everything else by threads that do nothing else. Any thread.
 */
final class PeerFiles {
  /** More than that are not stuck at a time unless somebody wants it. */
  private static final int THREADS = 16;

  private static final ThreadPoolExecutor CLOSERS =
      new ThreadPoolExecutor(
          THREADS, THREADS, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), PeerFiles::thread);

  static {
    CLOSERS.allowCoreThreadTimeOut(true);
  }

  private PeerFiles() {}

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "vhost4j-close");
    thread.setDaemon(true);
    return thread;
  }

  static void close(int fd) {
    if (isHarmless(fd)) {
      Descriptors.close(fd);
      return;
    }
    try {
      CLOSERS.execute(() -> Descriptors.close(fd));
    } catch (OutOfMemoryError e) {
      Descriptors.close(fd); // there is no thread to be had
    }
  }

  private static boolean isHarmless(int fd) {
    try {
      return MemoryCalls.isInMemory(fd) || Descriptors.isEventFd(fd);
    } catch (IOException e) {
      return false;
    }
  }
}
