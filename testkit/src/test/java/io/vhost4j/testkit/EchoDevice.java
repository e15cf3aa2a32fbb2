package io.vhost4j.testkit;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Writes into each buffer what it reads there; or holds all until they are released. */
final class EchoDevice implements VirtioDevice {
  final List<String> events = new CopyOnWriteArrayList<>();
  final List<Context> contexts = new CopyOnWriteArrayList<>();
  final List<Thread> threads = new CopyOnWriteArrayList<>();
  final List<Long> timers = new CopyOnWriteArrayList<>();
  private final List<Runnable> held = new ArrayList<>();
  private final List<QueueHandler> handlers = List.of(new Echo(), new Echo(), new Echo());
  private final Promise<Void> stopping = Promise.promise();
  volatile boolean holds;
  volatile boolean fails;
  volatile boolean failsToConnect;

  /** What the device may ask, of each session. */
  final List<DeviceContext> sessions = new CopyOnWriteArrayList<>();

  final AtomicInteger sessionsEnded = new AtomicInteger();

  /** Completes when a queue has been asked to stop. */
  Future<Void> stopping() {
    return stopping.future();
  }

  /** On the loop. */
  void release() {
    held.forEach(Runnable::run);
    held.clear();
  }

  @Override
  public int deviceType() {
    return 63;
  }

  @Override
  public String name() {
    return "echo";
  }

  @Override
  public int queueCount() {
    return handlers.size();
  }

  @Override
  public QueueHandler queue(int index) {
    return handlers.get(index);
  }

  @Override
  public void connected(DeviceContext context) {
    sessions.add(context);
    if (failsToConnect) {
      throw new IllegalStateException("meant to");
    }
  }

  @Override
  public void disconnected() {
    sessionsEnded.incrementAndGet();
  }

  @Override
  public Future<Void> reset() {
    events.add("reset");
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> close() {
    events.add("close");
    return Future.succeededFuture();
  }

  private final class Echo implements QueueHandler {
    @Override
    public void started(DeviceQueue queue) {
      events.add("started " + queue.index());
      Context context = Objects.requireNonNull(Vertx.currentContext());
      contexts.add(context);
      threads.add(Thread.currentThread());
      timers.add(context.owner().setPeriodic(60_000, id -> {}));
    }

    @Override
    public void available(DeviceQueue queue) throws VirtqueueException {
      if (fails) {
        throw new IllegalStateException("meant to");
      }
      for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
        if (holds) {
          DescriptorChain kept = chain;
          held.add(
              () -> {
                queue.complete(kept, 0);
                queue.flush();
              });
        } else {
          queue.complete(chain, copy(chain));
        }
      }
    }

    private int copy(DescriptorChain chain) {
      int count = 0;
      while (chain.reader().remaining() > 0 && chain.writer().remaining() > 0) {
        chain.writer().writeByte(chain.reader().readByte());
        count++;
      }
      return count;
    }

    @Override
    public Future<Void> stop(DeviceQueue queue) {
      events.add("stop " + queue.index());
      stopping.tryComplete();
      return Future.succeededFuture();
    }
  }
}
