package io.vhost4j.vhostuser.backend;

import io.vertx.core.Future;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.event.Kick;
import io.vhost4j.event.Notifier;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The descriptors that a frontend gives for one queue: kick, call and error. Event loop only. */
final class Vring {
  private static final long POLL_MILLIS = 1;
  private static final long NO_TIMER = -1;

  private final BackendSession session;
  private final EngineQueue queue;

  private @Nullable Kick kick;
  private long pollTimer = NO_TIMER;
  private @Nullable Notifier call;
  private @Nullable Notifier error;

  Vring(BackendSession session, EngineQueue queue) {
    this.session = session;
    this.queue = queue;
  }

  EngineQueue queue() {
    return queue;
  }

  /**
   * Takes the kick descriptor, which starts the ring unless it runs already (C13).
   *
   * @param descriptor null to have the ring polled; the ring's from now on
   * @return completes when the ring is started; fails with a {@link RefusedException} if it cannot
   */
  Future<Void> setKick(@Nullable Kick descriptor) throws RefusedException {
    listen(descriptor);
    return queue
        .start()
        .onSuccess(runs -> session.backendChannel().tell())
        .onFailure(refused -> stopListening());
  }

  private void listen(@Nullable Kick descriptor) throws RefusedException {
    stopListening();
    try {
      if (descriptor == null) {
        pollTimer = session.context().owner().setPeriodic(POLL_MILLIS, id -> queue.look());
      } else {
        descriptor.watch(session.context(), queue::look);
        kick = descriptor;
      }
    } catch (IOException e) {
      throw new RefusedException("queue %d: %s".formatted(queue.index(), e.getMessage()));
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
    if (descriptor != null) {
      queue.canNotify();
    }
  }

  /** Tells the driver of used buffers; one without a descriptor polls, or will give one. */
  boolean notifyDriver() {
    Notifier present = call;
    if (present != null) {
      signal(present);
    }
    return present != null;
  }

  void setError(@Nullable Notifier descriptor) {
    close(error);
    error = descriptor;
  }

  /** The ring is beyond use until it is started anew. */
  void signalError() {
    if (error != null) {
      signal(error);
    }
  }

  /** A side that waits for a signal that cannot be sent would wait for ever: the session ends. */
  private void signal(Notifier notifier) {
    try {
      notifier.signal();
    } catch (IllegalStateException e) {
      session.device().fail("queue %d: %s".formatted(queue.index(), e.getMessage()));
    }
  }

  /** Stops the ring for GET_VRING_BASE and drops its descriptors (C13, C18). */
  Future<Integer> stop() {
    return queue
        .stop()
        .onComplete(
            stopped -> {
              stopListening();
              setCall(null);
            });
  }

  /** Closes what the frontend gave; the ring has been stopped. */
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
