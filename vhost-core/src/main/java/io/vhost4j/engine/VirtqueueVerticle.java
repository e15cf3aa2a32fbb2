package io.vhost4j.engine;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.event.NextTurn;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.SplitVirtqueue;
import io.vhost4j.virtqueue.VirtqueueException;
import org.jspecify.annotations.Nullable;

/**
 * One running virtqueue: a kick makes the device's handler take buffers, and the driver is notified
 * once per batch. Deployed from start to stop, in a context of its own on the device's event loop,
 * where all methods run. What happens per buffer allocates nothing.
 */
final class VirtqueueVerticle extends VerticleBase implements DeviceQueue {
  /** What a buffer counts for besides its own steps: at most 256 buffers are taken in a turn. */
  static final int STEPS_PER_BUFFER = 16;

  /**
   * Looks at an empty ring in a turn of the loop, which take some microseconds: the more, the less
   * often the buffer comes while the loop is busy with itself, and the longer the others wait.
   */
  private static final int LOOKS_PER_TURN = 100;

  /**
   * Turns that polling takes before the loop serves the others: the loop's own work between two of
   * them takes longer than a driver that is awake.
   */
  private static final int TURNS_PER_POLL = 16;

  private final EngineQueue queue;
  private final DeviceSession session;
  private final QueueHandler handler;
  private final SplitVirtqueue ring;
  private final QueueCounters counters;
  private final AdaptivePolling polling;
  private final NextTurn nextPoll;
  private final Promise<Void> stopped = Promise.promise();

  private boolean active;
  private boolean inTurn;
  private boolean sawEmpty;

  /** Kicks are off, as the empty ring is looked at. */
  private boolean polls;

  private int budget;

  /** The buffer that the handler was given last in this turn, until it is back. */
  private @Nullable DescriptorChain last;

  /** The buffer that will not come back, as the handler threw something with it in its hands. */
  private @Nullable DescriptorChain lost;

  private boolean ending;

  /** The handler has stopped: with the last of its buffers the ring is closed. */
  private boolean stopping;

  private boolean closed;

  VirtqueueVerticle(EngineQueue queue, QueueHandler handler, SplitVirtqueue ring) {
    this.queue = queue;
    this.session = queue.session();
    this.handler = handler;
    this.ring = ring;
    this.counters = queue.counters();
    this.polling = new AdaptivePolling(session.engine().polling(), System::nanoTime);
    this.nextPoll = new NextTurn(session.context(), this::poll);
  }

  @Override
  public Future<?> start() {
    context.exceptionHandler(session::uncaught);
    return Future.succeededFuture();
  }

  /**
   * The handler gets the ring and its first turn: buffers may have been added before (C14). Once,
   * and not part of {@link #start()}: what is called here may stop the ring again.
   */
  void begin() {
    active = true;
    budget = EngineQueue.STEPS_PER_TURN;
    ContextInternal previous = ((ContextInternal) context).beginDispatch();
    try {
      handler.started(this);
    } catch (RuntimeException | Error e) {
      failed(e);
    } finally {
      ((ContextInternal) context).endDispatch(previous);
    }
    try {
      turn();
    } catch (RuntimeException | Error e) { // of the transport: the ring runs all the same
      ((ContextInternal) context).reportException(e);
    }
  }

  /**
   * Lets the handler take what is available. Kicks are off meanwhile; after switching them on the
   * ring is looked at once more, or a buffer added in between would wait for ever (V14). While
   * polling pays, kicks stay off and {@link #poll()} looks at the ring.
   */
  void turn() {
    turn(EngineQueue.STEPS_PER_TURN);
  }

  /** Returns how many of so many steps are left. */
  private int turn(int steps) {
    if (inTurn || !active) {
      return steps;
    }
    counters.turns++;
    inTurn = true;
    last = null;
    budget = steps;
    polls = false;
    long before = counters.buffers;
    long begin = polling.now();
    ContextInternal previous = ((ContextInternal) context).beginDispatch();
    try {
      boolean came = false;
      boolean pays;
      boolean more;
      do {
        ring.disableKicks();
        sawEmpty = false;
        budget--; // a ring in truncated memory may look empty and not empty in turns, for ever
        letHandlerTake();
        flush();
        if (!came && counters.buffers != before) {
          came = true;
          polling.came(begin);
        }
        pays = sawEmpty && polling.pays();
        more = pays ? ring.hasNext() : ring.enableKicks();
      } while (more && sawEmpty && budget > 0 && active);
      if (came) {
        polling.ranEmpty();
      }
      if (more && sawEmpty) {
        queue.lookLater(); // the budget is spent, and no kick may come for what is there
      } else if (pays) {
        polls = true;
        nextPoll.schedule();
      }
      ring.deliverFaults();
    } catch (InternalError e) {
      failed(e);
    } finally {
      ((ContextInternal) context).endDispatch(previous);
      inTurn = false;
      steps = budget;
      budget = EngineQueue.STEPS_PER_TURN;
    }
    return steps;
  }

  /**
   * Looks for buffers while kicks are off, for a moment in each turn of the loop: takes what comes
   * at once, though no more steps than one turn may. When looking has been in vain for long enough,
   * kicks are switched on, and the ring is looked at once more (V14).
   */
  private void poll() {
    int steps = EngineQueue.STEPS_PER_TURN;
    for (int i = 0; i < TURNS_PER_POLL && active && polls && steps > 0 && seesBuffer(); i++) {
      counters.polled++;
      steps = turn(steps);
    }
  }

  /** Whether a buffer comes while the ring is looked at. If none does, polling ends or goes on. */
  @SuppressWarnings("ThreadPriorityCheck") // says what it is for
  private boolean seesBuffer() {
    counters.polls++;
    Thread.yield(); // to a driver that shares the processor: it has just been notified
    try {
      boolean goesOn = polling.goesOn();
      boolean came = false;
      for (int i = 0; i < LOOKS_PER_TURN && goesOn && !came; i++) {
        came = ring.hasNext();
        goesOn = came || polling.goesOn();
      }
      if (!goesOn) {
        polls = false;
        came = ring.enableKicks();
      }
      ring.deliverFaults();
      if (!came && goesOn) {
        nextPoll.schedule();
      }
      return came;
    } catch (InternalError e) {
      failed(e);
      return false;
    }
  }

  private void letHandlerTake() {
    try {
      handler.available(this);
    } catch (VirtqueueException e) {
      fail(String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      lost = last;
      failed(e);
    }
  }

  /** The device has thrown something, or guest memory has under its hands. */
  private void failed(Throwable thrown) {
    if (thrown instanceof InternalError) {
      active = false;
      session.memoryLost();
    } else {
      session.reportBug(queue.index(), thrown);
      fail("the device failed: " + thrown);
    }
  }

  /** Stops this ring for good; the rest of the device goes on. */
  void fail(String reason) {
    if (active) {
      active = false;
      counters.errors++;
      queue.broken(reason);
    }
  }

  /**
   * Goes on with another table of memory, after SET_MEM_TABLE and the like (C16, C26).
   *
   * @throws VirtqueueException if the ring is not in it; it stays in the former one
   */
  void rebind(GuestMemory memory) throws VirtqueueException {
    ring.rebind(memory);
  }

  /**
   * Takes the ring out of service: no further buffer is taken. The handler hears of it in a task of
   * its own, as this may be called in the midst of what the handler does: by a transport that is
   * told of something and stops the ring, for instance. Does nothing at a second call.
   *
   * @return completes when the handler has stopped and every buffer has come back, for memory that
   *     the device may still touch cannot be unmapped; never fails
   */
  @Override
  public Future<?> stop() {
    if (!ending) {
      ending = true;
      if (polling.pays()) {
        leaveKicksOn();
      }
      active = false;
      context.runOnContext(
          v -> session.ask(() -> handler.stop(this)).onComplete(done -> handlerStopped()));
    }
    return stopped.future();
  }

  /** What {@link #stop()} returns, or will return. */
  Future<Void> stopped() {
    return stopped.future();
  }

  /** Who serves the ring next may be another program, which waits for a kick. */
  private void leaveKicksOn() {
    try {
      ring.enableKicks();
      ring.deliverFaults();
    } catch (InternalError e) {
      // The memory is gone, and nobody will serve the ring.
    }
  }

  private void handlerStopped() {
    stopping = true;
    closeWhenIdle();
    if (!closed) {
      vertx.setTimer(DeviceSession.PATIENCE_MILLIS, id -> closeAnyway());
    }
  }

  private void closeWhenIdle() {
    if (ring.inFlight() <= (lost == null ? 0 : 1)) {
      close();
    }
  }

  /** The device says that it has stopped, but it has not returned everything. */
  private void closeAnyway() {
    if (!closed) {
      session.buffersKept(queue.index(), ring.inFlight() - (lost == null ? 0 : 1));
      close();
    }
  }

  /** The driver gets what the device has not returned: here, or with the next start. */
  private void close() {
    if (!closed) {
      closed = true;
      try {
        if (lost != null) {
          ring.complete(lost, 0); // it is not tried again: it may break the device again
        }
        ring.reclaim();
        flush();
      } catch (InternalError e) {
        failed(e);
      } finally { // who waits for this one is the next frontend, or the end of the server
        ring.close();
        stopped.complete();
      }
    }
  }

  /** Where the driver's next buffer is, for GET_VRING_BASE. */
  int nextAvail() {
    return ring.nextAvail();
  }

  @Override
  public int index() {
    return queue.index();
  }

  @Override
  public int size() {
    return ring.size();
  }

  @Override
  public int inFlight() {
    return ring.inFlight();
  }

  @Override
  public @Nullable DescriptorChain next() throws VirtqueueException {
    if (!active) {
      return null;
    }
    if (budget <= 0) {
      queue.lookLater();
      return null;
    }
    try {
      DescriptorChain chain = ring.next();
      if (chain == null) {
        chain = emptied();
      }
      if (chain != null) {
        last = chain;
        budget -= STEPS_PER_BUFFER + chain.steps();
        counters.buffers++;
        counters.steps += chain.steps();
      }
      return chain;
    } catch (VirtqueueException e) {
      fail(String.valueOf(e.getMessage()));
      throw e;
    } catch (InternalError e) {
      failed(e);
      return null;
    }
  }

  /**
   * The ring is empty. A turn switches kicks on when it ends; a device that takes buffers at
   * another time has them switched on here, or nobody would tell it of the next one.
   */
  private @Nullable DescriptorChain emptied() throws VirtqueueException {
    if (inTurn) {
      sawEmpty = true;
      return null;
    }
    return ring.enableKicks() ? ring.next() : null;
  }

  @Override
  public void complete(DescriptorChain chain, int written) {
    if (closed) {
      return; // too late, the ring is gone
    }
    try {
      ring.deliverFaults(); // those of the handler, which would come between here and there
    } catch (InternalError e) {
      failed(e);
    }
    try {
      ring.complete(chain, written);
      if (!inTurn) {
        ring.deliverFaults();
      }
    } catch (InternalError e) {
      failed(e);
    }
    isBack(chain);
  }

  @Override
  public boolean putBack(DescriptorChain chain) {
    if (closed) {
      return true; // too late, the ring is gone
    }
    if (active) {
      throw new IllegalStateException("queue " + index() + " runs: a buffer cannot be put back");
    }
    boolean done = ring.putBack(chain);
    if (done) {
      isBack(chain);
    }
    return done;
  }

  private void isBack(DescriptorChain chain) {
    if (chain == last) {
      last = null;
    }
    if (chain == lost) {
      lost = null;
    }
    if (stopping) {
      context.runOnContext(v -> closeWhenIdle());
    }
  }

  @Override
  public void flush() {
    try {
      if (ring.needsNotification()) {
        queue.notifyDriver();
      }
      if (!inTurn) {
        ring.deliverFaults();
      }
    } catch (InternalError e) {
      failed(e);
    }
  }

  @Override
  public String toString() {
    return session.engine().name() + " queue " + queue.index();
  }
}
