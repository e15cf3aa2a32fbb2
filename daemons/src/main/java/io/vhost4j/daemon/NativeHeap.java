package io.vhost4j.daemon;

import com.sun.jna.NativeLibrary;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the virtual machine has of the C library's heap. Compiling the daemon's first methods takes
 * some megabytes of it, which the virtual machine frees within seconds and the C library keeps.
 */
final class NativeHeap {
  private static final Logger log = LoggerFactory.getLogger(NativeHeap.class);

  /** HotSpot frees its compiler's memory every 5 s. */
  private static final long SETTLED_SECONDS = 8;

  private NativeHeap() {}

  /**
   * Waits until the daemon has settled, then gives back to the system what is free. Blocks for some
   * seconds; returns early if the thread is interrupted.
   */
  static void trimWhenSettled() {
    try {
      TimeUnit.SECONDS.sleep(SETTLED_SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    trim();
  }

  /** Gives back to the system what is free. Any thread. */
  static void trim() {
    try {
      NativeLibrary.getProcess().getFunction("malloc_trim").invokeInt(new Object[] {0L});
    } catch (UnsatisfiedLinkError e) {
      log.debug("this C library has no malloc_trim");
    }
  }
}
