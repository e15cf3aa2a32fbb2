package io.vhost4j.engine;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.event.OnLoop;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.RingFeatures;
import io.vhost4j.virtqueue.VirtqueueException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An engine between a device with one queue and a transport that does in the engine's calls what a
 * test wants it to. All but the constructor and {@link #close()} is for the event loop.
 */
final class EngineRig implements AutoCloseable {
  private static final int SIZE = 4;
  private static final long BUFFER = 1 << 14;

  final OnLoop loop = new OnLoop();
  final List<String> events = new CopyOnWriteArrayList<>();
  private final MemoryFile file;
  private final GuestMemory memory;
  private final List<DescriptorChain> held = new ArrayList<>();
  private @Nullable DeviceQueue taken;

  /* What the device does. */
  Runnable inConnected = () -> {};
  Runnable inStarted = () -> {};
  Supplier<Future<Void>> resets = Future::succeededFuture;
  boolean holds;

  /* What the transport does. */
  Runnable inNotifyDriver = () -> {};
  Runnable inQueueBroken = () -> {};
  Runnable inDisconnect = () -> {};

  private final @Nullable QueueHandler handler;
  final DeviceEngine engine =
      DeviceEngine.create(loop.vertx, new Device(), Polling.never(), () -> "rig");
  final DeviceSession session;
  DriverQueue driver;

  EngineRig() throws Exception {
    this(null);
  }

  /**
   * @param handler serves the queue, in place of one that completes buffers or holds them
   */
  EngineRig(@Nullable QueueHandler handler) throws Exception {
    this.handler = handler;
    session = engine.open(new Hooks());
    file = MemoryFile.create("engine-rig", 1 << 16);
    memory = GuestMemory.map(List.of(new MemoryRegion(0, file.size(), 0, 0)), file.fd());
    driver = newDriver();
  }

  private DriverQueue newDriver() {
    return DriverQueue.create(memory, 0, SIZE, 0, RingFeatures.EVENT_IDX, 0);
  }

  EngineQueue queue() {
    return session.queues().get(0);
  }

  void begin() throws Exception {
    session.memory(GuestMemory.map(List.of(new MemoryRegion(0, file.size(), 0, 0)), file.fd()));
    session.begin();
    session.acknowledge(engine.features());
  }

  /** Sets up the queue for a driver that begins, and enables it. */
  void setUp() throws RefusedException {
    driver = newDriver();
    queue().setSize(SIZE);
    queue().setBase(0);
    queue().setAddresses(driver.addresses());
    queue().enable();
  }

  Future<Void> start() throws RefusedException {
    setUp();
    return queue().start();
  }

  /** Adds a buffer without a kick; returns its head. */
  int add() {
    int head = driver.add(new long[] {BUFFER}, new int[] {8}, 0, 1);
    driver.publish();
    return head;
  }

  /** Adds a buffer and kicks; returns its head. */
  int send() {
    int head = add();
    queue().look();
    return head;
  }

  /** The driver's index is more ahead than there are buffers. */
  void breakRing() {
    availIndex(99);
  }

  /** The driver says that it has made so many buffers available, right or wrong. */
  void availIndex(int count) {
    memory.write(driver.addresses().availRing() + 2, ByteBuffer.wrap(new byte[] {(byte) count, 0}));
  }

  /** The device returns what it holds. */
  void release() {
    DeviceQueue queue = Objects.requireNonNull(taken);
    held.forEach(chain -> queue.complete(chain, 0));
    held.clear();
    queue.flush();
  }

  /** The device looks for buffers outside of the engine's call. */
  void take() {
    DeviceQueue queue = Objects.requireNonNull(taken);
    try {
      takeAll(queue);
    } catch (VirtqueueException e) {
      events.add("defect");
    }
    queue.flush();
  }

  /** The result of a future that is to complete on the loop. */
  static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws Exception {
    await(loop.call(session::close));
    await(loop.call(engine::close));
    loop.close();
    free();
  }

  /** All that is left to do when Vert.x has been closed. */
  void free() throws IOException {
    memory.release();
    file.close();
  }

  private void takeAll(DeviceQueue queue) throws VirtqueueException {
    for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
      if (holds) {
        held.add(chain);
      } else {
        queue.complete(chain, 0);
        queue.flush();
      }
    }
  }

  private final class Device implements VirtioDevice, QueueHandler {
    @Override
    public int deviceType() {
      return 63;
    }

    @Override
    public String name() {
      return "rig";
    }

    @Override
    public int queueCount() {
      return 1;
    }

    @Override
    public QueueHandler queue(int index) {
      return handler == null ? this : handler;
    }

    @Override
    public void connected(DeviceContext context) {
      inConnected.run();
    }

    @Override
    public Future<Void> reset() {
      events.add("reset");
      return resets.get();
    }

    @Override
    public void disconnected() {
      events.add("disconnected");
    }

    @Override
    public void started(DeviceQueue queue) {
      events.add("started");
      taken = queue;
      inStarted.run();
    }

    @Override
    public void available(DeviceQueue queue) throws VirtqueueException {
      takeAll(queue);
      events.add("turn ends");
    }

    @Override
    public Future<Void> stop(DeviceQueue queue) {
      events.add("stop");
      return Future.succeededFuture();
    }
  }

  private final class Hooks implements Transport {
    @Override
    public boolean notifyDriver(int queue) {
      inNotifyDriver.run();
      return true;
    }

    @Override
    public void queueBroken(int queue) {
      events.add("broken");
      inQueueBroken.run();
    }

    @Override
    public void configChanged() {}

    @Override
    public void disconnect(String reason) {
      events.add("disconnect: " + reason);
      inDisconnect.run();
    }
  }
}
