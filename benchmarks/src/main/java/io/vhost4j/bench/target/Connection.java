package io.vhost4j.bench.target;

import io.vertx.core.Context;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.vhostuser.frontend.FrontendMemory;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.FrontendQueue;
import io.vhost4j.vhostuser.frontend.QueueSetup;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.Collections;
import java.util.List;

/**
 * A backend with running queues, for one thread that blocks. The rings have event indices, as those
 * of Linux do.
 */
public final class Connection implements AutoCloseable {
  private static final long FEATURES =
      VirtioFeature.VERSION_1 | VirtioFeature.INDIRECT_DESC | VirtioFeature.EVENT_IDX;
  private static final int TABLE_ENTRIES = 4;
  private static final long RING_BYTES = 1L << 20;
  private static final long PAGE = 4096;
  private static final long START_NANOS = 15_000_000_000L;
  private static final long START_POLL_MILLIS = 2;
  private static final int ANSWER_MILLIS = 5000;

  private final Target target;
  private final FrontendMemory memory;
  private final VhostUserFrontend frontend;
  private final List<FrontendQueue> queues;

  private Connection(
      Target target,
      FrontendMemory memory,
      VhostUserFrontend frontend,
      List<FrontendQueue> queues) {
    this.target = target;
    this.memory = memory;
    this.frontend = frontend;
    this.queues = queues;
  }

  /**
   * Connects and starts the queues; waits for a target that is still starting.
   *
   * @param context of the messages, which are rare; not the thread that calls
   * @param features of the device's own that are accepted, if it has them
   * @param queues how many to start
   * @param queueSize entries of each ring
   * @param bytes of memory that buffers will take
   */
  public static Connection open(
      Context context, Target target, long features, int queues, int queueSize, long bytes)
      throws BenchException {
    VhostUserFrontend frontend = connect(context, target);
    FrontendMemory memory = null;
    try {
      memory = FrontendMemory.create((queues * RING_BYTES + bytes + PAGE - 1) / PAGE * PAGE);
      QueueSetup[] setups =
          Collections.nCopies(queues, new QueueSetup(queueSize, TABLE_ENTRIES, 0))
              .toArray(QueueSetup[]::new);
      return new Connection(
          target, memory, frontend, frontend.start(FEATURES | features, memory, setups).await());
    } catch (Exception e) { // await() throws what the future has failed with
      frontend.close().await();
      if (memory != null) {
        memory.close();
      }
      throw new BenchException(
          "%s at %s cannot be started: %s"
              .formatted(target.name(), target.socket(), e.getMessage()),
          e);
    }
  }

  private static VhostUserFrontend connect(Context context, Target target) throws BenchException {
    long deadline = System.nanoTime() + START_NANOS;
    while (true) {
      try {
        return VhostUserFrontend.connect(context, target.socket(), FrontendOptions.DEFAULT).await();
      } catch (Exception e) { // await() throws what the future has failed with
        if (!target.isStarting() || System.nanoTime() - deadline > 0) {
          throw new BenchException(
              "no vhost-user backend answers at %s: %s".formatted(target.socket(), e.getMessage()),
              e);
        }
      }
      sleep();
    }
  }

  private static void sleep() throws BenchException {
    try {
      Thread.sleep(START_POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  /** What the backend sees as the guest's memory. */
  public FrontendMemory memory() {
    return memory;
  }

  /** A running queue. */
  public FrontendQueue queue(int index) {
    return queues.get(index);
  }

  /**
   * Adds a chain to a ring as Linux does: through an indirect table if the device takes those.
   *
   * @return its head, -1 if the ring is full
   */
  public int add(DriverQueue ring, long[] addresses, int[] lengths, int readable, int writable) {
    return (frontend.features() & VirtioFeature.INDIRECT_DESC) == 0
        ? ring.add(addresses, lengths, readable, writable)
        : ring.addIndirect(addresses, lengths, readable, writable);
  }

  /**
   * Blocks until the device notifies the driver of a queue.
   *
   * @throws BenchException if it is gone, or takes longer than any device may
   */
  public void awaitNotification(FrontendQueue queue) throws BenchException {
    if (!queue.call().await(ANSWER_MILLIS)) {
      awaitAfterSignal(queue);
    }
    checkOpen();
    queue.call().drain();
  }

  /** Fails if the backend has closed the connection. */
  public void checkOpen() throws BenchException {
    if (frontend.closed().isComplete()) {
      throw new BenchException(
          "%s is gone: %s".formatted(target.name(), frontend.closed().result()));
    }
  }

  /** A signal may have cut the wait short: only a second wait in vain is a device that hangs. */
  private void awaitAfterSignal(FrontendQueue queue) throws BenchException {
    if (!queue.call().await(ANSWER_MILLIS)) {
      throw new BenchException(
          "%s has not answered a buffer on queue %d for %d ms"
              .formatted(target.name(), queue.index(), ANSWER_MILLIS));
    }
  }

  /**
   * Takes a chain that the device has returned.
   *
   * @return its head, -1 if there is none
   * @throws BenchException if the device has written nonsense into the ring
   */
  public int poll(FrontendQueue queue) throws BenchException {
    try {
      return queue.driver().poll();
    } catch (VirtqueueException e) {
      throw new BenchException("%s broke the ring: %s".formatted(target.name(), e.getMessage()), e);
    }
  }

  /** Publishes one chain that was added, and blocks until the device returns it. */
  public void exchange(FrontendQueue queue) throws BenchException {
    queue.publish();
    do {
      awaitNotification(queue);
    } while (poll(queue) < 0);
    queue.driver().enableNotifications();
  }

  /** Disconnects and frees the memory. */
  @Override
  public void close() {
    frontend.close().await();
    memory.close();
  }
}
