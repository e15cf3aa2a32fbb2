package io.vhost4j.engine;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device and one peer, from when that comes until everything it gave is released: memory,
 * features, status, and resets. Runs on the device's event loop.
 *
 * <p>Memory of the peer stays mapped until the device has stopped, however long that takes: a
 * device that is stuck holds up this session and those that wait behind it, but nothing else, and a
 * line in the log says so.
 */
public final class DeviceSession implements DeviceContext {
  /** How long the device may take before the log tells who keeps everybody waiting. */
  static final long PATIENCE_MILLIS = 5000;

  private static final Logger LOG = LoggerFactory.getLogger(DeviceSession.class);

  private final DeviceEngine engine;
  private final VirtioDevice device;
  private final DeviceLog log;
  private final Context context;
  private final Transport transport;
  private final List<EngineQueue> queues;

  private GuestMemory memory = GuestMemory.empty();

  /** Whether no change of the memory is under way, as far as the peer says. */
  private boolean memoryWhole = true;

  private long features;
  private int status;
  private boolean over;

  /** Whether a ring has been started since the device was in its initial state. */
  private boolean deviceUsed;

  /**
   * Whether it is open who starts the rings that have all been stopped, see {@link #beforeStart}.
   */
  private boolean undecided;

  /** What the driver had acknowledged when all rings were stopped. */
  private long featuresAtStop;

  /** Completes when the device has done the last reset it was asked for; never fails. */
  private Future<Void> lastReset = Future.succeededFuture();

  private final Promise<Void> ended = Promise.promise();

  DeviceSession(DeviceEngine engine, Transport transport) {
    this.engine = engine;
    this.device = engine.device();
    this.log = engine.log();
    this.context = engine.context();
    this.transport = transport;
    this.queues =
        IntStream.range(0, engine.counters().size())
            .mapToObj(i -> new EngineQueue(this, i, engine.counters().get(i)))
            .toList();
  }

  /** The device hears of the peer. */
  public void begin() {
    context.exceptionHandler(this::uncaught);
    engine.polling().prepare();
    try {
      device.connected(this);
    } catch (RuntimeException | Error e) {
      uncaught(e);
      fail("the device failed: " + e);
    }
  }

  /**
   * The peer is gone: stops the queues and resets the device (E11).
   *
   * @return completes when nothing of the peer is in use any more, and its memory is unmapped;
   *     never fails. The same future at each call
   */
  public Future<Void> close() {
    if (!over) {
      over = true;
      reset().onComplete(reset -> end());
    }
    return ended.future();
  }

  private void end() {
    try {
      device.disconnected();
    } catch (RuntimeException | Error e) {
      uncaught(e);
    }
    memory.release();
    context.exceptionHandler(null);
    ended.complete();
  }

  /** Whether the peer is gone, so that nothing may be started any more. */
  boolean isOver() {
    return over;
  }

  DeviceEngine engine() {
    return engine;
  }

  Transport transport() {
    return transport;
  }

  // What the transport sets

  /** The queues, by index. */
  public List<EngineQueue> queues() {
    return queues;
  }

  /**
   * A queue by the index that the peer names.
   *
   * @throws RefusedException if the device has no such queue (E7)
   */
  public EngineQueue queue(int index) throws RefusedException {
    if (index < 0 || index >= queues.size()) {
      // E7
      throw new RefusedException(
          "there is no queue %d, only %d of them"
              .formatted(Integer.toUnsignedLong(index), queues.size()));
    }
    return queues.get(index);
  }

  /** The guest's memory, empty at first. */
  public GuestMemory memory() {
    return memory;
  }

  /**
   * Puts a new table in place of the present one, for running rings too (C26). A ring that is not
   * in it is broken.
   *
   * @param table belongs to the session from now on, which releases it
   */
  public void memory(GuestMemory table) {
    memory(table, true);
  }

  /**
   * As {@link #memory(GuestMemory)}, for a table to which more may be added: QEMU takes all old
   * regions away before it adds the new ones, and says nothing when it is done. A ring that is not
   * in it rests until it is in one (C24).
   */
  public void changedMemory(GuestMemory table) {
    memory(table, false);
  }

  private void memory(GuestMemory table, boolean whole) {
    GuestMemory former = memory;
    memory = table;
    memoryWhole = whole;
    queues.forEach(queue -> queue.rebind(table));
    former.release();
    queues.forEach(EngineQueue::look);
  }

  /** Whether a ring that is not in {@link #memory()} never will be. */
  boolean isMemoryWhole() {
    return memoryWhole;
  }

  /**
   * Takes the features that the driver has acknowledged, whichever of the offer they are (B3).
   *
   * @throws RefusedException if some were not offered (C7)
   */
  public void acknowledge(long acknowledged) throws RefusedException {
    long unknown = acknowledged & ~engine.features();
    if (unknown != 0) {
      // C7
      throw new RefusedException("features that were not offered: 0x" + Long.toHexString(unknown));
    }
    features = acknowledged;
    device.featuresAcknowledged(acknowledged);
  }

  /** The features that the driver has acknowledged, 0 before. */
  long acknowledged() {
    return features;
  }

  /** Bytes of the configuration space. */
  public int configSize() {
    return device.config().size();
  }

  /**
   * Reads the configuration space from {@code offset} on into {@code target}, from its position to
   * its limit; what is beyond the space reads as zeros (A6).
   *
   * @throws RefusedException if the range starts beyond the space
   */
  public void readConfig(int offset, ByteBuffer target) throws RefusedException {
    int known = knownConfig("read", offset, target.remaining());
    int start = target.position();
    int end = target.limit();
    if (known > 0) {
      device.config().read(offset, target.limit(start + known));
    }
    target.limit(end).position(start + known);
    while (target.hasRemaining()) {
      target.put((byte) 0);
    }
  }

  /**
   * Writes the configuration space from {@code offset} on; what is beyond the space is ignored.
   *
   * @throws RefusedException if the range starts beyond the space
   */
  public void writeConfig(int offset, ByteBuffer source) throws RefusedException {
    int known = knownConfig("written", offset, source.remaining());
    if (known > 0) {
      device.config().write(offset, source.slice(source.position(), known));
    }
  }

  /** The bytes of a range that lie inside the space (H8). */
  private int knownConfig(String done, int offset, int length) throws RefusedException {
    int size = configSize();
    if (offset < 0 || offset > size) {
      throw new RefusedException(
          "configuration space %s at offset %d of %d bytes"
              .formatted(done, Integer.toUnsignedLong(offset), size));
    }
    return Math.min(length, size - offset);
  }

  /** The device status, see {@link DeviceStatus}. */
  public int status() {
    return status;
  }

  /**
   * Takes the driver's status. 0 takes all rings out of service and resets the device (C35, C36),
   * unless all rings have been stopped before: that is how QEMU ends both a pause and a reboot, so
   * the next start decides whether the device is to go on, see {@link #beforeStart}.
   *
   * @return completes when it is so; never fails
   */
  public Future<Void> status(int wanted) {
    if (wanted == 0) {
      status = 0;
      return isSuspended() ? Future.succeededFuture() : reset();
    }
    status = wanted | (status & DeviceStatus.NEEDS_RESET);
    return Future.succeededFuture();
  }

  /** Whether all rings are stopped (C19). */
  public boolean isSuspended() {
    return queues.stream().noneMatch(EngineQueue::isStarted);
  }

  /**
   * Disables all rings and takes the device back to its initial state (C36, B6).
   *
   * @return completes when it is there; never fails
   */
  public Future<Void> reset() {
    status = 0;
    queues.forEach(EngineQueue::disable);
    return haltAndReset(EngineQueue::rewind);
  }

  /**
   * Waits for the last reset, and notices a driver that begins anew although nobody has reset the
   * device: some frontends only stop the rings when their guest reboots, and stop them in the same
   * way for a pause.
   *
   * <p>Others, user-mode Linux for one, only disable the rings of a driver that goes, and set them
   * up anew for the next one.
   *
   * <p>A paused driver goes on where its rings stopped, a new one begins at index 0. So a ring that
   * starts at the index above 0 where it stopped proves the first, and one that starts at another
   * index the second. A ring that was at 0 says nothing, unless it lies elsewhere or other features
   * were acknowledged: then one that follows decides. If that finds a new driver, those that have
   * been started meanwhile start again behind the reset.
   */
  Future<Void> beforeStart(EngineQueue queue) {
    if (isResetting()) {
      return lastReset.compose(done -> beforeStart(queue)); // there may be a further one by then
    }
    if (queue.isRunning() || !(undecided || queue.isStarted())) {
      return Future.succeededFuture();
    }
    if (queue.goesOn()) {
      undecided = false;
      return Future.succeededFuture();
    }
    boolean otherFeatures = undecided && features != featuresAtStop;
    if (!queue.isElsewhere() && !otherFeatures) {
      return Future.succeededFuture();
    }
    LOG.debug("{}: a new driver begins, the device is reset", log);
    return haltAndReset(EngineQueue::forgetStop).compose(done -> beforeStart(queue));
  }

  /**
   * Resets the device: never before it is done with the former reset, and with no ring running
   * until it is done with this one.
   *
   * @param prepare prepares each queue for the next start, behind the reset
   */
  private Future<Void> haltAndReset(Consumer<EngineQueue> prepare) {
    lastReset =
        lastReset.compose(
            former ->
                Future.join(queues.stream().map(EngineQueue::halt).toList())
                    .compose(halted -> ask(this::resetDevice))
                    .onComplete(
                        done -> {
                          deviceUsed = false;
                          undecided = false;
                          queues.forEach(prepare);
                        }));
    return lastReset.onComplete(done -> queues.forEach(EngineQueue::look));
  }

  private Future<Void> resetDevice() {
    device.config().reset();
    return device.reset();
  }

  /**
   * Asks the device for something that may take its time, on whatever thread it is done.
   *
   * @return completes on the event loop and never fails: a failure of the device is only logged, as
   *     there is no way but on
   */
  Future<Void> ask(Supplier<Future<Void>> request) {
    Promise<Void> done = ((ContextInternal) context).promise();
    try {
      request
          .get()
          .onComplete(
              result -> {
                if (result.failed()) {
                  log.error("the device failed", result.cause());
                }
                done.complete();
              });
    } catch (RuntimeException | Error e) {
      uncaught(e);
      done.complete();
    }
    return patiently(done.future());
  }

  /** Waits as long as it takes, but lets the log know if that is long. */
  private Future<Void> patiently(Future<Void> awaited) {
    if (!awaited.isComplete()) {
      long timer =
          context
              .owner()
              .setTimer(
                  PATIENCE_MILLIS,
                  id -> log.warn("the device does not stop or reset; frontends have to wait"));
      awaited.onComplete(done -> context.owner().cancelTimer(timer));
    }
    return awaited;
  }

  // What queues and device report

  void queueStarted() {
    deviceUsed = true;
  }

  /** A ring has been stopped, and it is known where. */
  void queueStopped() {
    if (deviceUsed && isSuspended()) {
      undecided = true;
      featuresAtStop = features;
    }
  }

  /** Whether the device is not done with the last reset. */
  boolean isResetting() {
    return !lastReset.isComplete();
  }

  /** Whether a ring that is started may run. */
  boolean isReady() {
    return !over && !isResetting();
  }

  /** A ring waits for memory that is to come. */
  void queueRests(int queue, String reason) {
    LOG.debug("{}: queue {} rests: {}", log, queue, reason);
  }

  void queueBroken(int queue, String reason) {
    log.warn("queue {} stopped: {}", queue, reason);
    status |= DeviceStatus.NEEDS_RESET; // B5
    transport.queueBroken(queue);
  }

  void buffersKept(int queue, int count) {
    log.warn(
        "queue {}: the device has not returned {} buffers, their memory is taken away from it",
        queue,
        count);
  }

  void reportBug(int queue, Throwable e) {
    log.error("queue {}: the device failed", queue, e);
  }

  /** Guest memory was not there any more when it was accessed. */
  void memoryLost() {
    fail("the frontend has truncated its memory");
  }

  /** What a device throws where nobody else catches it, in a timer for instance. */
  void uncaught(Throwable thrown) {
    if (thrown instanceof InternalError) {
      memoryLost();
    } else {
      log.error("the device failed", thrown);
    }
  }

  // What the device may ask

  @Override
  public Context context() {
    return context;
  }

  @Override
  public DeviceLog log() {
    return log;
  }

  @Override
  public void configChanged() {
    if (!over) {
      transport.configChanged();
    }
  }

  @Override
  public void fail(String reason) {
    context.runOnContext(
        v -> {
          if (!over) { // or a transport could end what it has with the next peer
            transport.disconnect(reason);
          }
        });
  }
}
