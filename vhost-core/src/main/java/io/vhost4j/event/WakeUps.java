package io.vhost4j.event;

import io.vhost4j.nativeio.Affinity;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What it costs here to wake somebody on another processor and be woken by him: two threads signal
 * each other through eventfds, as a driver and a device do. Measured once in a process, in about 10
 * ms. Any thread.
 */
public final class WakeUps {
  private static final Logger LOG = LoggerFactory.getLogger(WakeUps.class);
  private static final String THREAD = "vhost4j-wake-ups";

  /** The first half warms up. */
  private static final int ROUND_TRIPS = 256;

  /** How long one may take before the measurement is given up. */
  private static final int PATIENCE_MILLIS = 1000;

  private static final AtomicBoolean ASKED = new AtomicBoolean();
  private static volatile long roundTripNanos;

  @FunctionalInterface
  private interface Task {
    void run() throws IOException;
  }

  private WakeUps() {}

  /** Begins to measure, unless that was done before. */
  public static void measure() {
    if (!ASKED.getAndSet(true)) {
      try {
        start(() -> roundTripNanos = measure(Affinity.allowed()));
      } catch (OutOfMemoryError e) {
        LOG.debug("the time of a wake-up is not measured: {}", e.getMessage());
      }
    }
  }

  /**
   * The time of two wake-ups in nanoseconds: 0 as long as it is not known, and on a machine with
   * one processor, where nobody can be waited for awake.
   */
  public static long roundTripNanos() {
    return roundTripNanos;
  }

  /**
   * Measures. Blocks the calling thread, and leaves it pinned to a processor.
   *
   * @param processors of which the first two take part
   * @return the time of two wake-ups in nanoseconds, of those that nothing disturbed; 0 with a
   *     single processor, or if somebody does not wake up
   */
  static long measure(BitSet processors) throws IOException {
    int here = processors.nextSetBit(0);
    int there = processors.nextSetBit(here + 1);
    if (there < 0) {
      return 0;
    }
    try (EventFd ping = EventFd.create();
        EventFd pong = EventFd.create()) {
      Affinity.pin(here);
      Thread other = start(() -> answer(there, ping, pong));
      try {
        long[] nanos = new long[ROUND_TRIPS];
        for (int i = 0; i < nanos.length; i++) {
          long begin = System.nanoTime();
          ping.signal();
          if (!pong.await(PATIENCE_MILLIS)) {
            return 0;
          }
          pong.drain();
          nanos[i] = System.nanoTime() - begin;
        }
        int warm = nanos.length / 2;
        Arrays.sort(nanos, warm, nanos.length);
        return nanos[warm + warm / 4];
      } finally {
        join(other); // it uses both, for no longer than its patience
      }
    }
  }

  private static void answer(int processor, EventFd ping, EventFd pong) throws IOException {
    Affinity.pin(processor);
    for (int i = 0; i < ROUND_TRIPS && ping.await(PATIENCE_MILLIS); i++) {
      ping.drain();
      pong.signal();
    }
  }

  private static Thread start(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException | RuntimeException | OutOfMemoryError e) {
                LOG.debug("the time of a wake-up is not known: {}", e.getMessage());
              }
            },
            THREAD);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
