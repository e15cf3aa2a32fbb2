package io.vhost4j.loopback;

import io.vertx.core.Context;
import io.vhost4j.event.EventFd;
import io.vhost4j.event.FdRegistration;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The eventfds of a queue: the kernel's side signals the kick, who serves the queue the call. Event
 * loop only.
 */
final class QueueBell implements AutoCloseable {
  private final int queue;
  private final EventFd kick;
  private final EventFd call;
  private @Nullable FdRegistration watched;

  QueueBell(int queue) {
    this.queue = queue;
    kick = EventFd.create();
    try {
      call = EventFd.create();
    } catch (RuntimeException | Error e) {
      kick.close();
      throw e;
    }
  }

  int queue() {
    return queue;
  }

  EventFd kick() {
    return kick;
  }

  EventFd call() {
    return call;
  }

  /** Calls {@code handler} for each kick. */
  void watch(Context context, FdRegistration.Handler handler) throws IOException {
    watched = kick.watch(context, handler);
  }

  @Override
  public void close() {
    if (watched == null) {
      kick.close();
    } else {
      watched.close();
    }
    call.close();
  }
}
