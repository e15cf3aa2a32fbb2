package io.vhost4j.device.sound;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.sound.wire.Status;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The control queue: takes requests apart and hands them to whom they concern (A10 to A16). */
final class ControlQueue implements QueueHandler {
  /** Whom requests concern. Each is replied to once, now or later. */
  interface Handler {
    void handle(ControlRequest request);
  }

  private final Handler handler;
  private final DeviceCounters counters;

  /** Requests without a reply so far. */
  private final Set<ControlRequest> open = new LinkedHashSet<>();

  private @Nullable DeviceQueue queue;
  private boolean inBatch;

  ControlQueue(Handler handler, DeviceCounters counters) {
    this.handler = handler;
    this.counters = counters;
  }

  @Override
  public void started(DeviceQueue running) {
    queue = running;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    inBatch = true;
    try {
      for (DescriptorChain chain = running.next(); chain != null; chain = running.next()) {
        take(running, chain);
      }
    } finally {
      inBatch = false;
    }
  }

  private void take(DeviceQueue running, DescriptorChain chain) {
    if (chain.writer().size() < Status.SIZE) {
      running.complete(chain, 0);
      return;
    }
    ControlRequest request;
    try {
      request = ControlRequest.read(this, chain);
      chain.deliverFaults();
    } catch (InternalError e) {
      running.complete(chain, 0); // the frontend has cut its memory short
      throw e;
    }
    open.add(request);
    if (request.fault() == Status.OK) {
      handler.handle(request);
    } else {
      request.reply(request.fault());
    }
  }

  /** Called by the request. */
  void replied(ControlRequest request, DescriptorChain chain, Status status, int written) {
    open.remove(request);
    counters.controlReplied(status);
    DeviceQueue running = queue;
    if (running == null) {
      return;
    }
    running.complete(chain, written);
    if (!inBatch) {
      running.flush();
    }
  }

  /** Requests that are still under way get their chain back; what they began goes on. */
  @Override
  public Future<Void> stop(DeviceQueue running) {
    for (ControlRequest request : new ArrayList<>(open)) {
      try {
        request.reply(Status.IO_ERR);
      } catch (InternalError e) {
        // The memory is gone, but the ring has its chain back.
      }
    }
    queue = null;
    return Future.succeededFuture();
  }
}
