package io.vhost4j.audio;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Tells what a thread allocates. */
public final class Allocations {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocations() {}

  /** A step that is measured. */
  public interface Step {
    void run() throws Exception;
  }

  /** Bytes that this thread allocates in so many steps, after as many to warm up. */
  public static long of(int steps, Step step) throws Exception {
    long bytes = 0;
    for (int round = 0; round < 2; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < steps; i++) {
        step.run();
      }
      bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
    }
    return bytes;
  }
}
