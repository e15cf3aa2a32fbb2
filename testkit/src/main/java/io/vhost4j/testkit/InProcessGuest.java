package io.vhost4j.testkit;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.DeviceSession;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.Transport;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
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
 *   GuestQueue queue = guest.queue(0, 0, 1 << 20, 16, 0);
 *   Guest.await(queue.start());
 *   Returned reply = queue.request(request, replyBytes);
 * }
 * }</pre>
 *
 * <p>The device has an event loop of {@code vertx}, as in production.
 */
public final class InProcessGuest extends Guest {
  private final DeviceEngine engine;
  private final List<Integer> broken = new CopyOnWriteArrayList<>();
  private final List<String> disconnects = new CopyOnWriteArrayList<>();
  private volatile int configChanges;

  /** Set on the loop, before the device hears of it. */
  private volatile @Nullable Link link;

  /** One connection: what the engine asks, on its loop. */
  private final class Link implements Transport {
    final DeviceSession session = engine.open(this);

    /** Written by the loop alone. */
    volatile @Nullable Future<Void> closed;

    void begin() throws Exception {
      session.begin();
      if (closed == null) { // the device may have refused
        // Not the driver's table: counts are a loop's.
        session.memory(GuestMemory.map(regions, file.number()));
        session.acknowledge(features);
      }
    }

    Future<Void> close() {
      Future<Void> present = closed;
      if (present == null) {
        present = session.close();
        closed = present;
      }
      return present;
    }

    @Override
    public boolean notifyDriver(int queue) {
      queue(queue).notified();
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
      if (closed == null) {
        disconnects.add(reason);
        close();
      }
    }
  }

  private InProcessGuest(Vertx vertx, VirtioDevice device, long memoryBytes)
      throws IOException, GuestMemoryException {
    super(memoryBytes);
    engine = DeviceEngine.create(vertx, device, Polling.never(), device::name);
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
    InProcessGuest guest = new InProcessGuest(vertx, device, memoryBytes);
    guest.connect();
    return guest;
  }

  @Override
  public void connect() throws Exception {
    boolean unused =
        call(
            () -> {
              features = engine.features();
              Link next = new Link();
              link = next;
              next.begin();
              return true;
            });
  }

  @Override
  public Future<Void> disconnect() {
    return ask(() -> link().close());
  }

  @Override
  public boolean isDisconnected() {
    return link().closed != null;
  }

  @Override
  public Future<Void> reset() {
    return ask(() -> session().reset());
  }

  @Override
  public long offered() {
    return engine.features();
  }

  @Override
  public void acknowledge(long acknowledged) throws Exception {
    boolean unused =
        call(
            () -> {
              session().acknowledge(acknowledged);
              features = acknowledged;
              return true;
            });
  }

  @Override
  public byte[] readConfig(int offset, int length) throws Exception {
    return call(
        () -> {
          ByteBuffer bytes = ByteBuffer.allocate(length);
          session().readConfig(offset, bytes);
          return bytes.array();
        });
  }

  @Override
  public void writeConfig(int offset, byte[] bytes) throws Exception {
    boolean unused =
        call(
            () -> {
              session().writeConfig(offset, ByteBuffer.wrap(bytes));
              return true;
            });
  }

  @Override
  Future<Void> start(int index, int size, int base, VringAddresses at, boolean enabled) {
    return ask(
        () -> {
          EngineQueue queue = engineQueue(index);
          try {
            queue.setSize(size);
            queue.setBase(base);
            queue.setAddresses(at);
          } catch (Exception e) {
            return Future.failedFuture(e);
          }
          return queue.start().compose(started -> enableNow(queue, enabled));
        });
  }

  @Override
  Future<Integer> stop(int index) {
    return ask(() -> engineQueue(index).stop());
  }

  @Override
  Future<Void> enable(int index, boolean enabled) {
    return ask(() -> enableNow(engineQueue(index), enabled));
  }

  private static Future<Void> enableNow(EngineQueue queue, boolean enabled) {
    if (enabled) {
      queue.enable();
      return Future.succeededFuture();
    }
    return queue.disable().mapEmpty();
  }

  @Override
  void kick(int index) {
    run(() -> engineQueue(index).look());
  }

  private EngineQueue engineQueue(int index) {
    return session().queues().get(index);
  }

  @Override
  @SuppressWarnings("WaitNotInLoop") // the caller has the loop
  void awaitNotification(GuestQueue queue, Object lock) throws InterruptedException {
    lock.wait(100); // the device may disconnect meanwhile
  }

  private Link link() {
    return Objects.requireNonNull(link);
  }

  /** The session with the engine; on the loop only, see {@link #call}. */
  public DeviceSession session() {
    return link().session;
  }

  @Override
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
    try {
      return result.get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw cause(e);
    } catch (TimeoutException e) {
      throw new AssertionError("the device's event loop does not answer", e);
    }
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

  private <T> T ask(Supplier<T> action) {
    try {
      return call(action::get);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
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
  public void release() {
    releaseMemory();
  }
}
