package io.vhost4j.testkit;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.DeviceSession;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.Transport;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A guest in the same JVM as the device: the in-process transport of the engine. Memory is shared
 * as with a VMM, a kick is a call on the device's event loop, and the driver is notified by a call.
 *
 * <pre>{@code
 * try (InProcessGuest guest = InProcessGuest.create(vertx, device, 1 << 20)) {
 *   GuestQueue queue = guest.queue(0, 0, 1 << 20, 64, 0);
 *   queue.onReturned(returned::add);
 *   InProcessGuest.await(queue.start());
 *   queue.add(request, replyBytes, Integer.MAX_VALUE);
 *   queue.kick(); // what the device does at once is done when this returns
 * }
 * }</pre>
 *
 * <p>The device has an event loop of {@code vertx}, as in production. The methods here are for the
 * test's thread; those that wait have a time limit, which only guards against hanging.
 */
public final class InProcessGuest implements AutoCloseable {
  private static final long USER_ADDRESS = 0x7000_0000L;
  private static final int SECONDS = 20;

  private final DeviceEngine engine;
  private final int file;
  private final List<MemoryRegion> regions;
  private final GuestMemory memory;
  private final Map<Integer, GuestQueue> queues = new ConcurrentHashMap<>();
  private final List<Integer> broken = new CopyOnWriteArrayList<>();
  private final List<String> disconnects = new CopyOnWriteArrayList<>();
  private volatile int configChanges;
  private volatile DeviceSession session;
  private volatile @Nullable Future<Void> disconnected;

  /** What the engine asks, on its loop. */
  private final class InProcess implements Transport {
    @Override
    public boolean notifyDriver(int queue) {
      Objects.requireNonNull(queues.get(queue)).notified();
      return true;
    }

    @Override
    public void queueBroken(int queue) {
      broken.add(queue);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // only the loop writes
    public void configChanged() {
      configChanges++;
    }

    @Override
    public void disconnect(String reason) {
      disconnects.add(reason);
      closeSession();
    }
  }

  private InProcessGuest(Vertx vertx, VirtioDevice device, long memoryBytes) throws Exception {
    engine = DeviceEngine.create(vertx, device, Polling.never(), device::name);
    file = MemoryCalls.createMemoryFile("in-process-guest");
    MemoryCalls.truncate(file, memoryBytes); // not sealed, see truncate()
    regions = List.of(new MemoryRegion(0, memoryBytes, USER_ADDRESS, 0));
    memory = GuestMemory.map(regions, file);
    session = newSession();
  }

  /**
   * A guest whose driver has acknowledged all features that are offered; its queues do not run.
   *
   * @param vertx has the native transport, see {@link io.vhost4j.event.NativeTransport#vertx}
   * @param device closed with this guest
   * @param memoryBytes size of the guest's memory, which begins at guest address 0
   */
  public static InProcessGuest create(Vertx vertx, VirtioDevice device, long memoryBytes)
      throws Exception {
    return new InProcessGuest(vertx, device, memoryBytes);
  }

  private DeviceSession newSession() throws Exception {
    return call(
        () -> {
          DeviceSession opened = engine.open(new InProcess());
          opened.begin();
          opened.memory(
              GuestMemory.map(regions, file)); // not that of the driver: counts are a loop's
          opened.acknowledge(engine.features());
          return opened;
        });
  }

  /** Comes again after {@link #disconnect()} has completed. */
  public void connect() throws Exception {
    session = newSession();
    disconnected = null;
  }

  /**
   * Goes away, as a VMM that ends: queues are stopped, the device is reset.
   *
   * @return completes when the device and the engine have let go of everything
   */
  public Future<Void> disconnect() {
    return ask(this::closeSession);
  }

  private Future<Void> closeSession() {
    Future<Void> present = disconnected;
    if (present == null) {
      present = session.close();
      disconnected = present;
    }
    return present;
  }

  /** Resets the device; {@link GuestQueue#beginAnew()} then does so for the driver. */
  public Future<Void> reset() {
    return ask(() -> session.reset());
  }

  /**
   * A queue of this guest, set up and not started. The ring lies at the beginning of the given
   * memory, buffers behind it.
   *
   * @param index of the queue within the device
   * @param start guest address, a multiple of 4096
   * @param bytes of memory for ring and buffers
   * @param size number of entries
   * @param startIndex avail index to begin at, 0 to 65535
   */
  public GuestQueue queue(int index, long start, long bytes, int size, int startIndex) {
    GuestQueue queue = new GuestQueue(this, index, start, start + bytes, size, startIndex);
    queues.put(index, queue);
    return queue;
  }

  /** The guest's memory, as the driver sees it. */
  public GuestMemory memory() {
    return memory;
  }

  /** Cuts the memory file short, as a hostile frontend does. */
  public void truncate(long bytes) throws IOException {
    MemoryCalls.truncate(file, bytes);
  }

  /** The session with the engine; on the loop only, see {@link #call}. */
  public DeviceSession session() {
    return session;
  }

  /** The queues that the engine has stopped for good, in the order in which that was. */
  public List<Integer> broken() {
    return List.copyOf(broken);
  }

  /** Why the engine has disconnected this guest; empty if it has not. */
  public List<String> disconnects() {
    return List.copyOf(disconnects);
  }

  /** How often the device has said that its configuration space has changed. */
  public int configChanges() {
    return configChanges;
  }

  /**
   * Runs something on the device's event loop and waits for the end.
   *
   * @throws Exception that of the action
   */
  public <T> T call(Callable<T> action) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    engine
        .context()
        .runOnContext(
            v -> {
              try {
                result.complete(action.call());
              } catch (Throwable t) {
                result.completeExceptionally(t);
              }
            });
    return get(result);
  }

  /** As {@link #call}, for what throws no checked exception. */
  public void run(Runnable action) {
    boolean unused =
        ask(
            () -> {
              action.run();
              return true;
            });
  }

  <T> T ask(Supplier<T> action) {
    try {
      return call(action::get);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** The result of a future, which it waits for. */
  public static <T> T await(Future<T> future) throws Exception {
    return get(future.toCompletionStage().toCompletableFuture());
  }

  private static <T> T get(CompletableFuture<T> result) throws Exception {
    try {
      return result.get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new AssertionError("the device's event loop does not answer", e);
    }
  }

  /** As {@link #disconnect()}, and closes the device. */
  public Future<Void> end() {
    return disconnect().eventually(engine::close);
  }

  /** As {@link #end()}, waits for it, and releases the memory. */
  @Override
  public void close() throws Exception {
    await(end());
    release();
  }

  /** Releases the memory; {@link #end()} has completed. */
  public void release() throws IOException {
    memory.release();
    MemoryCalls.closeFile(file);
  }
}
