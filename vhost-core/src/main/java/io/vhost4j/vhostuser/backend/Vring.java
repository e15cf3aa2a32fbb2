package io.vhost4j.vhostuser.backend;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.event.Kick;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.event.NextTurn;
import io.vhost4j.event.Notifier;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One queue as the protocol sees it: size, addresses, descriptors, and the two independent states
 * of conformance C.5, started or stopped and enabled or disabled. While it is started, a {@link
 * VirtqueueVerticle} serves it. Event loop only.
 */
final class Vring {
  private static final int MAX_BASE = 0xffff;
  private static final long POLL_MILLIS = 1;
  private static final long NO_TIMER = -1;

  private final BackendSession session;
  private final int index;
  private final QueueCounters counters;
  private final QueueHandler handler;
  private final Context context;
  private final NextTurn lookLater;

  private int size;
  private int base;
  private @Nullable VringAddresses addresses;
  private @Nullable Kick kick;
  private long pollTimer = NO_TIMER;
  private @Nullable Notifier call;
  private boolean callMissed;
  private @Nullable Notifier error;
  private boolean started;
  private boolean enabled;
  private boolean left;
  private @Nullable VirtqueueVerticle running;
  private Future<?> halted = Future.succeededFuture();

  /** Where the ring was when the frontend stopped it, if it has run since the last reset. */
  private @Nullable Place stoppedAt;

  private record Place(int base, int size, @Nullable VringAddresses addresses) {}

  Vring(BackendSession session, int index, QueueCounters counters) {
    this.session = session;
    this.index = index;
    this.counters = counters;
    this.handler = session.device().queue(index);
    this.context = NativeTransport.sameLoop(session.context());
    this.context.exceptionHandler(session::uncaught);
    this.lookLater = new NextTurn(context, this::look);
  }

  BackendSession session() {
    return session;
  }

  /** The context of the queue, on the device's event loop. */
  Context context() {
    return context;
  }

  int index() {
    return index;
  }

  QueueCounters counters() {
    return counters;
  }

  /** Whether the frontend has started the ring and not stopped it (C13). */
  boolean isStarted() {
    return started;
  }

  /** Whether a start would go on where the ring has stopped, at which no new driver begins. */
  boolean goesOn() {
    return stoppedAt != null && base != 0 && base == stoppedAt.base;
  }

  /** Whether a start would be at another index or place than that where the ring has stopped. */
  boolean isElsewhere() {
    return stoppedAt != null && !stoppedAt.equals(place());
  }

  private Place place() {
    return new Place(base, size, addresses);
  }

  /** Whether the ring was taken from a driver that had only disabled it. */
  boolean isLeft() {
    return left;
  }

  /** What the former driver did is of no interest any more. */
  void forgetStop() {
    stoppedAt = null;
    left = false;
  }

  /**
   * Whether buffers may be taken. That the driver is ready (B4) is the frontend's to know: QEMU's
   * generic devices never pass DRIVER_OK on, although they negotiate STATUS.
   */
  boolean isEnabled() {
    return enabled;
  }

  void setSize(int entries) throws RefusedException {
    refuseIfRunning("size");
    int limit = session.device().maxQueueSize();
    if (Integer.bitCount(entries) != 1 || entries < 0 || entries > limit) {
      // E7
      throw new RefusedException(
          "queue %d cannot have %d entries, only a power of two up to %d"
              .formatted(index, Integer.toUnsignedLong(entries), limit));
    }
    size = entries;
  }

  void setBase(int nextAvail) throws RefusedException {
    refuseIfRunning("base");
    if (nextAvail < 0 || nextAvail > MAX_BASE) {
      // E7
      throw new RefusedException(
          "queue %d cannot have base %d".formatted(index, Integer.toUnsignedLong(nextAvail)));
    }
    base = nextAvail;
  }

  /** Whether the ring runs there, and may be told so again (C16). */
  boolean runsAt(VringAddresses wanted) {
    return running != null && wanted.equals(addresses);
  }

  void setAddresses(VringAddresses wanted) throws RefusedException {
    refuseIfRunning("addresses");
    createRing(wanted, Math.max(size, 1)).close(); // only to see whether they are possible
    addresses = wanted;
  }

  private void refuseIfRunning(String what) throws RefusedException {
    if (running != null) {
      throw new RefusedException(
          "the %s of queue %d cannot change while it runs".formatted(what, index));
    }
  }

  private SplitVirtqueue createRing(VringAddresses at, int entries) throws RefusedException {
    try {
      return SplitVirtqueue.create(
          session.memory(), entries, at, session.negotiation().acknowledged(), base);
    } catch (InternalError e) {
      // E9
      throw new RefusedException("queue %d: its memory file has been truncated".formatted(index));
    } catch (VirtqueueException e) {
      // E10
      throw new RefusedException("queue %d: %s".formatted(index, e.getMessage()));
    }
  }

  /**
   * Takes the kick descriptor, which starts the ring unless it runs already (C13).
   *
   * @param descriptor null to have the ring polled; the ring's from now on
   */
  void setKick(@Nullable Kick descriptor) throws RefusedException {
    if (session.isOver()) {
      if (descriptor != null) {
        descriptor.close();
      }
      throw new RefusedException("the frontend is gone");
    }
    stopListening();
    try {
      if (descriptor == null) {
        pollTimer = session.context().owner().setPeriodic(POLL_MILLIS, id -> look());
      } else {
        descriptor.watch(context, this::look);
        kick = descriptor;
      }
      if (running == null) {
        start();
      }
    } catch (IOException e) {
      throw new RefusedException("queue %d: %s".formatted(index, e.getMessage()));
    } catch (RefusedException e) {
      stopListening();
      throw e;
    }
  }

  private void stopListening() {
    if (kick != null) {
      kick.close();
      kick = null;
    }
    if (pollTimer != NO_TIMER) {
      session.context().owner().cancelTimer(pollTimer);
      pollTimer = NO_TIMER;
    }
  }

  /** Takes the call descriptor, and uses it at once for what nobody could be told so far. */
  void setCall(@Nullable Notifier descriptor) {
    close(call);
    call = descriptor;
    if (callMissed && descriptor != null) {
      notifyDriver();
    }
  }

  /** Tells the driver of used buffers; a driver without a descriptor polls, or will give one. */
  void notifyDriver() {
    Notifier present = call;
    callMissed = present == null;
    if (present != null) {
      signal(present);
      counters.notifications++;
    }
  }

  void setError(@Nullable Notifier descriptor) {
    close(error);
    error = descriptor;
  }

  void enable() {
    enabled = true;
    look();
  }

  void disable() {
    enabled = false;
  }

  private void start() throws RefusedException {
    VringAddresses at = addresses;
    if (size == 0 || at == null) {
      // E10
      throw new RefusedException("queue %d has no size or no addresses".formatted(index));
    }
    SplitVirtqueue ring = createRing(at, size);
    started = true;
    left = false;
    VirtqueueVerticle verticle = new VirtqueueVerticle(this, handler, ring);
    verticle.init(context.owner(), context);
    running = verticle;
    session.ringStarted();
    verticle.start();
  }

  /**
   * Looks at the ring: for a kick, or because what held it back may have gone. A ring that a device
   * reset took out of service starts again.
   */
  void look() {
    if (running != null) {
      running.turn();
    } else if (started && enabled && session.isReady()) {
      try {
        start();
      } catch (RefusedException e) {
        started = false;
        broken(String.valueOf(e.getMessage()));
      }
    }
  }

  /**
   * Gives the queue another turn, when the other queues and devices of the loop have had theirs.
   */
  void lookLater() {
    lookLater.schedule();
  }

  void rebind(GuestMemory memory) {
    if (running != null) {
      running.rebind(memory);
    }
  }

  /**
   * The ring is beyond use until it is started anew; the frontend is told through its descriptor.
   */
  void broken(String reason) {
    session.ringBroken(this, reason);
    if (error != null) {
      signal(error);
    }
  }

  /** A side that waits for a signal that cannot be sent would wait for ever: the session ends. */
  private void signal(Notifier notifier) {
    try {
      notifier.signal();
    } catch (IllegalStateException e) {
      session.fail("queue %d: %s".formatted(index, e.getMessage()));
    }
  }

  /** Stops the ring for GET_VRING_BASE and drops its descriptors (C13, C18). */
  Future<Integer> stop() {
    return end(VirtqueueVerticle::stop)
        .map(
            done -> {
              setCall(null);
              callMissed = false;
              return base;
            });
  }

  /**
   * Makes way for another size, index or place of a ring that the frontend has disabled: user-mode
   * Linux gives them to a driver that follows another without having stopped the ring. The call
   * descriptor stays, as it comes first there.
   */
  Future<?> leaveIfDisabled() {
    if (enabled || running == null) {
      return Future.succeededFuture();
    }
    left = true;
    return end(VirtqueueVerticle::leave);
  }

  private Future<?> end(Function<VirtqueueVerticle, Future<?>> way) {
    boolean ran = running != null;
    boolean wasStarted = started;
    started = false;
    return halt(way)
        .onComplete(
            done -> {
              stopListening();
              if (ran) {
                stoppedAt = place();
              }
              if (wasStarted) {
                session.ringStopped();
              }
            });
  }

  /**
   * Takes the ring out of service until the next {@link #look()}.
   *
   * @return completes when all buffers have come back; never fails
   */
  Future<?> halt() {
    return halt(VirtqueueVerticle::stop);
  }

  /** As {@link #halt()}, for a new driver: what is disabled is the former one's, and is left. */
  Future<?> makeWay() {
    return halt(enabled ? VirtqueueVerticle::stop : VirtqueueVerticle::leave);
  }

  private Future<?> halt(Function<VirtqueueVerticle, Future<?>> way) {
    VirtqueueVerticle verticle = running;
    if (verticle != null) {
      running = null;
      halted = way.apply(verticle).onComplete(done -> base = verticle.nextAvail());
    }
    return halted;
  }

  /** The next driver begins at the start of its ring (B6). */
  void rewind() {
    base = 0;
  }

  /** Closes what the frontend gave; the ring has been halted. */
  void close() {
    stopListening();
    setCall(null);
    setError(null);
  }

  private static void close(@Nullable Notifier descriptor) {
    if (descriptor != null) {
      descriptor.close();
    }
  }
}
