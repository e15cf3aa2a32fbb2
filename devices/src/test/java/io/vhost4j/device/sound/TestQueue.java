package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.Returned;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * One virtqueue with its driver, and a look at what passes between the engine and the device's
 * handler.
 */
final class TestQueue implements QueueHandler, DeviceQueue {
  /** A buffer that came back. */
  static final class Used {
    private final Returned buffer;

    Used(Returned buffer) {
      this.buffer = buffer;
    }

    int head() {
      return buffer.head();
    }

    /** What the used ring says was written, in bytes. */
    long length() {
      return buffer.length();
    }

    /** The writable part as it was when the buffer came back. */
    byte[] writable() {
      return buffer.writable();
    }

    /** The le32 at an offset of the writable part. */
    int word(int offset) {
      return buffer.word(offset);
    }

    /** The first word: a status on the control queue. */
    int status() {
      return buffer.word(0);
    }

    /** The status of an I/O message, in the last 8 writable bytes. */
    int ioStatus() {
      return buffer.word(buffer.writable().length - 8);
    }

    int latency() {
      return buffer.word(buffer.writable().length - 4);
    }
  }

  private final QueueHandler handler;
  private final ManualLoop loop;
  private @Nullable GuestQueue driver;
  private @Nullable DeviceQueue engine;
  private volatile boolean running; // as the engine tells the device

  /** Buffers that the device has taken and neither completed nor put back. */
  private int held;

  /** Called for each buffer that the device returns, just after, on the device's event loop. */
  Runnable onComplete = () -> {};

  /** Buffers that the device gets at most from now on, as a turn of the engine has an end. */
  int takesAtMost = Integer.MAX_VALUE;

  /** Buffers that the device has left in the ring when it stopped. */
  int leftInRing;

  /** Buffers that the device has returned since the start, in their order. */
  final List<Used> used = new CopyOnWriteArrayList<>();

  /**
   * @param handler the device's
   * @param loop what the device leaves for later waits there
   */
  TestQueue(QueueHandler handler, ManualLoop loop) {
    this.handler = handler;
    this.loop = loop;
  }

  /** Says where the ring and its driver are. */
  void attach(GuestQueue queue) {
    driver = queue;
    queue.onReturned(buffer -> used.add(new Used(buffer)));
  }

  private GuestQueue driver() {
    return Objects.requireNonNull(driver);
  }

  private DeviceQueue engine() {
    return Objects.requireNonNull(engine);
  }

  // What a test does ---------------------------------------------------------------------------

  /** The driver begins anew with an empty ring, as it does after a reset of the device. */
  void reset() {
    driver().beginAnew();
  }

  void start() throws Exception {
    Future<Void> started = driver().start();
    loop.await(started::isComplete);
    if (started.failed()) {
      throw new AssertionError(started.cause());
    }
  }

  Future<Void> stop() {
    Future<Void> stopped =
        driver()
            .stop()
            .compose(
                done ->
                    held == 0
                        ? Future.succeededFuture()
                        : Future.failedFuture(new AssertionError(held + " chains were kept")));
    loop.settle();
    return stopped;
  }

  boolean isRunning() {
    return running;
  }

  void kick() {
    driver().kick();
  }

  /** Adds a buffer without a kick, see {@link GuestQueue#add}. */
  int add(byte[] readable, int writableBytes, int pieceBytes) {
    return driver().add(readable, writableBytes, pieceBytes);
  }

  /** Adds a buffer in one readable and one writable piece, and kicks. */
  int send(byte[] readable, int writableBytes) {
    return send(readable, writableBytes, Integer.MAX_VALUE);
  }

  int send(byte[] readable, int writableBytes, int pieceBytes) {
    int head = add(readable, writableBytes, pieceBytes);
    kick();
    return head;
  }

  /** Notifications that reached the driver. */
  int notifications() {
    return driver().notifications();
  }

  int driverInFlight() {
    return driver().inFlight();
  }

  // What the engine calls ----------------------------------------------------------------------

  @Override
  public void started(DeviceQueue queue) {
    engine = queue;
    held = 0;
    running = true;
    handler.started(this);
  }

  @Override
  public void available(DeviceQueue queue) throws VirtqueueException {
    handler.available(this);
  }

  @Override
  public Future<Void> stop(DeviceQueue queue) {
    running = false;
    return handler.stop(this);
  }

  // What the device calls ----------------------------------------------------------------------

  @Override
  public int index() {
    return engine().index();
  }

  @Override
  public int size() {
    return engine().size();
  }

  @Override
  public int inFlight() {
    return engine().inFlight();
  }

  @Override
  public @Nullable DescriptorChain next() throws VirtqueueException {
    if (!running) {
      throw new AssertionError("the device looks at a ring that has stopped");
    }
    DescriptorChain chain = takesAtMost-- > 0 ? engine().next() : null;
    held += chain == null ? 0 : 1;
    return chain;
  }

  @Override
  public void complete(DescriptorChain chain, int written) {
    held--;
    engine().complete(chain, written);
    onComplete.run();
  }

  @Override
  public void flush() {
    engine().flush();
  }

  @Override
  public boolean putBack(DescriptorChain chain) {
    boolean done = engine().putBack(chain);
    leftInRing += done ? 1 : 0;
    held -= done ? 1 : 0;
    return done;
  }
}
