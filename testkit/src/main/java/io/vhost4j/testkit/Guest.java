package io.vhost4j.testkit;

import io.vertx.core.Future;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A guest that a test plays: memory from guest address 0 on, and the drivers of a device's queues.
 * {@link InProcessGuest} and {@link SocketGuest} differ in the way to the device.
 *
 * <p>The methods are for the test's thread. Those that wait have a limit of {@value #SECONDS}
 * seconds, which only guards against hanging.
 */
public abstract class Guest implements AutoCloseable {
  /** Longest wait. */
  static final int SECONDS = 20;

  /** What lies between guest addresses and those of the frontend, so that they cannot be mixed. */
  static final long USER_ADDRESS = 0x7000_0000L;

  final OwnedFd file;
  final List<MemoryRegion> regions;
  private final long memoryBytes;
  private final GuestMemory memory;
  private final Map<Integer, GuestQueue> queues = new ConcurrentHashMap<>();

  /** What the driver has acknowledged. */
  volatile long features;

  Guest(long memoryBytes) throws IOException, GuestMemoryException {
    this.memoryBytes = memoryBytes;
    file = new OwnedFd(MemoryCalls.createMemoryFile("test-guest"));
    try {
      MemoryCalls.truncate(file.number(), memoryBytes); // not sealed, see truncate()
      regions = List.of(new MemoryRegion(0, memoryBytes, USER_ADDRESS, 0));
      memory = GuestMemory.map(regions, file.number());
    } catch (IOException | GuestMemoryException e) {
      file.close();
      throw e;
    }
  }

  // The life of the guest

  /**
   * Comes again after {@link #disconnect()} has completed, with all features acknowledged that are
   * offered.
   */
  public abstract void connect() throws Exception;

  /**
   * Goes away, as a VMM that ends: queues are stopped, the device is reset.
   *
   * @return completes when the guest is gone
   */
  public abstract Future<Void> disconnect();

  /** Whether the device's side has ended the connection, or the guest has gone. */
  public abstract boolean isDisconnected();

  /** Resets the device; {@link GuestQueue#beginAnew()} then does so for the driver. */
  public abstract Future<Void> reset();

  /** Features that are offered to the driver: those of the device and of its rings. */
  public abstract long offered();

  /** Features that the driver has acknowledged. */
  public final long features() {
    return features;
  }

  /**
   * The driver acknowledges features, for queues that are made or {@linkplain
   * GuestQueue#beginAnew() begun anew} later.
   *
   * @throws RefusedException if some are not offered
   */
  public abstract void acknowledge(long acknowledged) throws Exception;

  /**
   * Reads the configuration space.
   *
   * @throws RefusedException if the range begins beyond it
   */
  public abstract byte[] readConfig(int offset, int length) throws Exception;

  /**
   * Writes the configuration space.
   *
   * @throws RefusedException if the range begins beyond it
   */
  public abstract void writeConfig(int offset, byte[] bytes) throws Exception;

  // Memory

  /** The guest's memory, as the driver sees it. */
  public final GuestMemory memory() {
    return memory;
  }

  /** Size of the memory at creation, in bytes. */
  public final long memoryBytes() {
    return memoryBytes;
  }

  /** Cuts the memory file short, as a hostile frontend does, or makes it longer again. */
  public final void truncate(long bytes) throws IOException {
    MemoryCalls.truncate(file.number(), bytes);
  }

  final void releaseMemory() {
    memory.release();
    file.close();
  }

  // Queues

  /**
   * A queue of this guest, set up and not started. The ring lies at the beginning of the given
   * memory, buffers behind it.
   *
   * @param index of the queue within the device
   * @param start guest address, a multiple of 4096
   * @param bytes of memory for ring and buffers, see {@link GuestQueue#ringBytes}
   * @param size number of entries
   * @param startIndex avail index to begin at, 0 to 65535
   */
  public final GuestQueue queue(int index, long start, long bytes, int size, int startIndex) {
    GuestQueue queue = new GuestQueue(this, index, start, start + bytes, size, startIndex);
    queues.put(index, queue);
    return queue;
  }

  /** The queue of an index, which has been set up. */
  public final GuestQueue queue(int index) {
    return Objects.requireNonNull(queues.get(index), "there is no such queue");
  }

  /**
   * Tells the device of a ring, and starts it.
   *
   * @return completes when it runs, which may take a reset of the device
   */
  abstract Future<Void> start(int index, int size, int base, VringAddresses at, boolean enabled);

  /** Stops a ring; tells the index to go on from. */
  abstract Future<Integer> stop(int index);

  abstract Future<Void> enable(int index, boolean enabled);

  abstract void kick(int index);

  /** Waits a moment for a notification; {@code queue}'s lock is held. */
  abstract void awaitNotification(GuestQueue queue, Object lock) throws InterruptedException;

  /** The queues that the device's side has given up, in the order in which that was. */
  public abstract List<Integer> broken();

  // Waiting

  /** The result of a future, which it waits for. */
  public static <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw cause(e);
    } catch (TimeoutException e) {
      throw new AssertionError("the device's side does not answer", e);
    }
  }

  static Exception cause(ExecutionException e) {
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    return e.getCause() instanceof Exception cause ? cause : e;
  }
}
