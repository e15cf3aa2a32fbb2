package io.vhost4j.engine;

import io.vertx.core.Future;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.event.NextTurn;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import io.vhost4j.virtqueue.VringAddresses;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One queue as its peer sets it up: size, place, and two independent states, started or stopped and
 * enabled or disabled (C12). While it is both started and enabled, a {@link VirtqueueVerticle}
 * serves it. Event loop only.
 */
public final class EngineQueue {
  /**
   * What one turn may take before the other queues and devices of the loop get theirs, in
   * {@linkplain DescriptorChain#steps() steps}: a driver that never stops adding, or adds buffers
   * of very many pieces, must not keep the loop to itself. About a tenth of a millisecond.
   */
  public static final int STEPS_PER_TURN = 4096;

  private static final int MAX_BASE = 0xffff;

  private final DeviceSession session;
  private final int index;
  private final QueueCounters counters;
  private final QueueHandler handler;
  private final NextTurn lookLater;

  private int size;
  private int base;
  private @Nullable VringAddresses addresses;
  private boolean started;
  private boolean enabled;

  /** Beyond use until it is started anew, or the device is reset. */
  private boolean broken;

  private boolean driverUntold;
  private int stops;
  private @Nullable VirtqueueVerticle running;
  private @Nullable QueueDeployment deployment;
  private Future<?> halted = Future.succeededFuture();

  /** Where the ring was taken out of service, if it has run since the last reset. */
  private @Nullable Place stoppedAt;

  private record Place(int base, int size, @Nullable VringAddresses addresses) {}

  EngineQueue(DeviceSession session, int index, QueueCounters counters) {
    this.session = session;
    this.index = index;
    this.counters = counters;
    this.handler = session.engine().device().queue(index);
    this.lookLater = new NextTurn(session.context(), this::look);
  }

  DeviceSession session() {
    return session;
  }

  /** Index of the queue within its device. */
  public int index() {
    return index;
  }

  QueueCounters counters() {
    return counters;
  }

  /** Whether the peer has started the ring and not stopped it (C13). */
  boolean isStarted() {
    return started;
  }

  /** Whether a start would go on where the ring has stopped, at which no new driver begins. */
  boolean goesOn() {
    return stoppedAt != null && base != 0 && base == stoppedAt.base;
  }

  /** Whether it has been set to another index or place than that where the ring has stopped. */
  boolean isElsewhere() {
    return stoppedAt != null && !stoppedAt.equals(place());
  }

  private Place place() {
    return new Place(base, size, addresses);
  }

  /** What the former driver did is of no interest any more. */
  void forgetStop() {
    stoppedAt = null;
    broken = false;
  }

  /** Whether the ring is being served, so that its size, index and place are settled. */
  public boolean isRunning() {
    return running != null;
  }

  /**
   * Sets the number of entries.
   *
   * @throws RefusedException if the queue is not at rest, or it is no power of two up to the
   *     device's limit
   */
  public void setSize(int entries) throws RefusedException {
    refuseUnlessAtRest("size");
    int limit = session.engine().device().maxQueueSize();
    if (Integer.bitCount(entries) != 1 || entries < 0 || entries > limit) {
      // E7
      throw new RefusedException(
          "queue %d cannot have %d entries, only a power of two up to %d"
              .formatted(index, Integer.toUnsignedLong(entries), limit));
    }
    size = entries;
  }

  /**
   * Sets the avail index to start at.
   *
   * @throws RefusedException if the queue is not at rest, or it is none of 0 to 65535
   */
  public void setBase(int nextAvail) throws RefusedException {
    refuseUnlessAtRest("base");
    if (nextAvail < 0 || nextAvail > MAX_BASE) {
      // E7
      throw new RefusedException(
          "queue %d cannot have base %d".formatted(index, Integer.toUnsignedLong(nextAvail)));
    }
    base = nextAvail;
  }

  /** Whether the ring runs there, and may be told so again (C16). */
  public boolean runsAt(VringAddresses wanted) {
    return running != null && wanted.equals(addresses);
  }

  /**
   * Sets where the ring is.
   *
   * @throws RefusedException if the queue is not at rest, or the ring would not be all in memory
   */
  public void setAddresses(VringAddresses wanted) throws RefusedException {
    refuseUnlessAtRest("addresses");
    createRing(wanted, Math.max(size, 1)).close(); // only to see whether they are possible
    addresses = wanted;
  }

  /** The end of a stop or reset would overwrite what is set before it (B6). */
  private void refuseUnlessAtRest(String what) throws RefusedException {
    if (running != null || !halted.isComplete()) {
      throw new RefusedException(
          "the %s of queue %d cannot change while it runs".formatted(what, index));
    }
    if (session.isResetting()) {
      throw new RefusedException(
          "the %s of queue %d cannot change in the middle of a reset".formatted(what, index));
    }
  }

  private SplitVirtqueue createRing(VringAddresses at, int entries) throws RefusedException {
    try {
      return SplitVirtqueue.create(session.memory(), entries, at, session.acknowledged(), base);
    } catch (InternalError e) {
      // E9
      throw new RefusedException("queue %d: its memory file has been truncated".formatted(index));
    } catch (VirtqueueException e) {
      // E10
      throw new RefusedException("queue %d: %s".formatted(index, e.getMessage()));
    }
  }

  /**
   * Starts the ring, unless it runs already (C13), when the last stop of it and the last reset of
   * the device are complete. If the start shows that a new driver has begun, the device is reset
   * before. It runs as soon as the queue is enabled too. That the driver is ready (B4) is the
   * peer's to know: QEMU's generic devices never pass DRIVER_OK on, although they negotiate STATUS.
   *
   * @return completes when the ring is started, mostly at once; fails with a {@link
   *     RefusedException} if it cannot, or is stopped before
   */
  public Future<Void> start() {
    int stopsBefore = stops;
    return halted
        .compose(done -> session.beforeStart(this))
        .compose(ready -> startNow(stopsBefore));
  }

  private Future<Void> startNow(int stopsBefore) {
    try {
      if (session.isOver()) {
        throw new RefusedException("the frontend is gone");
      }
      if (stops != stopsBefore) {
        throw new RefusedException("queue %d was stopped before it started".formatted(index));
      }
      if (running == null) {
        createRing().close(); // only to see whether it is possible
        started = true;
        broken = false;
        stoppedAt = stoppedAt == null ? null : place(); // that is settled
        look();
      }
      return Future.succeededFuture();
    } catch (RefusedException e) {
      return Future.failedFuture(e);
    }
  }

  private SplitVirtqueue createRing() throws RefusedException {
    VringAddresses at = addresses;
    if (size == 0 || at == null) {
      // E10
      throw new RefusedException("queue %d has no size or no addresses".formatted(index));
    }
    return createRing(at, size);
  }

  private void serve() throws RefusedException {
    SplitVirtqueue ring = createRing();
    VirtqueueVerticle verticle = new VirtqueueVerticle(this, handler, ring);
    running = verticle;
    session.queueStarted();
    deployment = QueueDeployment.deploy(session.context(), verticle);
    verticle.begin(); // last, as the transport may stop the ring again in the midst of it
  }

  /** Lets buffers be taken from now on, if the ring is started (C15). */
  public void enable() {
    enabled = true;
    look();
  }

  /**
   * Takes the ring out of service until it is enabled again. User-mode Linux does no more before it
   * frees the ring and the buffers in it, so all of them are back before this is done (C15).
   *
   * @return completes when all buffers have come back; never fails
   */
  public Future<?> disable() {
    enabled = false;
    return halt().onComplete(done -> look());
  }

  /**
   * Looks at the ring: for a kick, or because what held it back may have gone. A ring that was
   * taken out of service runs again if nothing holds it back. Does nothing if the ring is not
   * started, or has been set up anew since.
   */
  public void look() {
    if (running != null) {
      running.turn();
    } else if (mayRun()) {
      try {
        serve();
      } catch (RefusedException e) {
        if (session.isMemoryWhole()) {
          broken(String.valueOf(e.getMessage()));
        }
      }
    }
  }

  private boolean mayRun() {
    return started
        && enabled
        && !broken
        && !isElsewhere()
        && halted.isComplete()
        && session.isReady();
  }

  /** The ring is beyond use, as the log is told. */
  void broken(String reason) {
    broken = true;
    session.queueBroken(index, reason);
  }

  /**
   * Gives the queue another turn, when the other queues and devices of the loop have had theirs.
   */
  void lookLater() {
    lookLater.schedule();
  }

  /** Tells the driver of used buffers, now or when the transport can. */
  void notifyDriver() {
    driverUntold = !session.transport().notifyDriver(index);
    if (!driverUntold) {
      counters.notifications++;
    }
  }

  /** The transport can notify the driver from now on: it does if it could not before. */
  public void canNotify() {
    if (driverUntold) {
      notifyDriver();
    }
  }

  /**
   * Goes on with another table of memory. A ring that is not in it rests if the table is in the
   * midst of a change, and is broken otherwise (C16, C24, C26).
   */
  void rebind(GuestMemory memory) {
    VirtqueueVerticle verticle = running;
    if (verticle == null) {
      return;
    }
    try {
      verticle.rebind(memory);
    } catch (VirtqueueException e) {
      if (session.isMemoryWhole()) {
        verticle.fail(String.valueOf(e.getMessage()));
      } else {
        session.queueRests(index, String.valueOf(e.getMessage()));
        Future<?> unused = halt().onComplete(done -> look());
      }
    }
  }

  /**
   * Stops the ring (C13, C18).
   *
   * @return the avail index to go on from, when all buffers have come back; never fails
   */
  public Future<Integer> stop() {
    stops++;
    boolean wasStarted = started;
    started = false;
    return halt()
        .onComplete(
            done -> {
              driverUntold = false;
              if (wasStarted) {
                session.queueStopped();
              }
            })
        .map(done -> base);
  }

  /**
   * Takes the ring out of service until the next {@link #look()}.
   *
   * @return completes when all buffers have come back; never fails
   */
  Future<?> halt() {
    VirtqueueVerticle verticle = running;
    if (verticle != null) {
      running = null;
      Objects.requireNonNull(deployment).end();
      halted =
          verticle
              .stopped()
              .onComplete(
                  done -> {
                    base = verticle.nextAvail();
                    stoppedAt = place();
                  });
    }
    return halted;
  }

  /** The next driver begins at the start of its ring (B6). */
  void rewind() {
    forgetStop();
    base = 0;
  }
}
