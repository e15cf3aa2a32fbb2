package io.vhost4j.vhostuser.backend;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceConfig;
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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Copies the readable part of each buffer to its writable part, in one of several manners. */
class TestDevice implements VirtioDevice {
  /** Who copies, and when. */
  enum Manner {
    /** The event loop, at once. */
    AT_ONCE,
    /** Another thread, and the event loop returns the buffer. */
    WORKER,
    /** Nobody, until {@link TestDevice#release()}. */
    HOLD
  }

  static final int CONFIG_SIZE = 16;
  static final int MAX_COPIED = 1 << 16;
  static final long FEATURE = 1L << 5;

  final List<String> events = new CopyOnWriteArrayList<>();
  private final DeviceConfig config = new DeviceConfig(CONFIG_SIZE);
  volatile Supplier<Future<Void>> resets = Future::succeededFuture;
  volatile Supplier<Future<Void>> stops = Future::succeededFuture;
  volatile @Nullable Runnable inAvailable;
  volatile @Nullable Runnable afterEachBuffer;

  /** So many buffers it takes at most, then none until it has room again. */
  final AtomicInteger room = new AtomicInteger(Integer.MAX_VALUE);

  volatile boolean failsNext;

  /** Of the buffers that it holds when its ring stops, it puts back at most so many. */
  volatile int putsBack;

  private final String name;
  private final int queueCount;
  private final Manner manner;
  private final List<Copier> queues = new ArrayList<>();
  private final @Nullable ExecutorService worker;
  private volatile @Nullable DeviceContext context;

  TestDevice(String name, int queueCount, Manner manner) {
    this.name = name;
    this.queueCount = queueCount;
    this.manner = manner;
    for (int i = 0; i < queueCount; i++) {
      queues.add(new Copier());
    }
    for (int i = 0; i < CONFIG_SIZE; i++) {
      config.bytes().put(i, (byte) (i + 1));
    }
    config.writable(0, CONFIG_SIZE, () -> {});
    worker = manner == Manner.WORKER ? Executors.newSingleThreadExecutor() : null;
  }

  DeviceContext context() {
    return Objects.requireNonNull(context);
  }

  /** Buffers that the device has taken and not returned. */
  int held() {
    return queues.stream().mapToInt(queue -> queue.held.size()).sum();
  }

  /** Returns everything that is held; on the event loop. */
  void release() {
    queues.forEach(Copier::release);
  }

  /** Returns everything that is held without touching it; on the event loop. */
  void giveUp() {
    queues.forEach(Copier::giveUp);
  }

  /** Completes one of the buffers that are held, the first being 0; on the event loop. */
  void completeHeld(int index, int which) {
    queues.get(index).completeHeld(which);
  }

  /** Tries to put back the buffer taken last, whether it may or not; on the event loop. */
  void putBackLast(int index) {
    queues.get(index).putBackLast();
  }

  /** Takes what is available outside of the engine's call; on the event loop. */
  void pull(int index) {
    queues.get(index).pull();
  }

  @Override
  public int deviceType() {
    return 63;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int queueCount() {
    return queueCount;
  }

  @Override
  public long features() {
    return FEATURE;
  }

  @Override
  public DeviceConfig config() {
    return config;
  }

  @Override
  public QueueHandler queue(int index) {
    return queues.get(index);
  }

  @Override
  public void connected(DeviceContext present) {
    context = present;
    events.add("connected");
  }

  @Override
  public void featuresAcknowledged(long features) {
    events.add("features " + Long.toHexString(features));
  }

  @Override
  public Future<Void> reset() {
    events.add("reset");
    return resets.get();
  }

  @Override
  public void disconnected() {
    context = null;
    events.add("disconnected");
  }

  @Override
  public Future<Void> close() {
    events.add("close");
    if (worker != null) {
      worker.shutdown();
    }
    return Future.succeededFuture();
  }

  /** Copies as much as fits, up to a limit; returns the number of bytes. */
  static int copy(DescriptorChain chain) {
    long fits = Math.min(chain.reader().remaining(), chain.writer().remaining());
    int count = (int) Math.min(fits, MAX_COPIED);
    for (int i = 0; i < count; i++) {
      chain.writer().writeByte(chain.reader().readByte());
    }
    return count;
  }

  private final class Copier implements QueueHandler {
    private final List<DescriptorChain> held = new CopyOnWriteArrayList<>();
    private @Nullable DeviceQueue queue;

    @Override
    public void started(DeviceQueue running) {
      queue = running;
      events.add("started " + running.index());
    }

    @Override
    public void available(DeviceQueue running) throws VirtqueueException {
      Runnable first = inAvailable;
      if (first != null) {
        first.run();
      }
      takeAll(running);
    }

    private void takeAll(DeviceQueue running) throws VirtqueueException {
      while (room.get() > 0) {
        DescriptorChain chain = running.next();
        if (chain == null) {
          return;
        }
        int unused = room.decrementAndGet();
        if (failsNext) {
          failsNext = false;
          throw new IllegalStateException("the device fails, as it is meant to");
        }
        switch (manner) {
          case AT_ONCE -> running.complete(chain, copy(chain));
          case WORKER -> copyElsewhere(running, chain);
          case HOLD -> held.add(chain);
        }
        Runnable then = afterEachBuffer;
        if (then != null) {
          then.run();
        }
      }
    }

    private void copyElsewhere(DeviceQueue running, DescriptorChain chain) {
      DeviceContext present = context();
      Objects.requireNonNull(worker)
          .execute(
              () -> {
                int written = 0;
                try {
                  written = copy(chain);
                  chain.deliverFaults();
                } catch (InternalError e) {
                  present.fail("no memory under a worker's hands");
                }
                int result = written;
                present
                    .context()
                    .runOnContext(
                        v -> {
                          running.complete(chain, result);
                          running.flush();
                        });
              });
    }

    void pull() {
      DeviceQueue running = Objects.requireNonNull(queue);
      try {
        takeAll(running);
      } catch (VirtqueueException e) {
        events.add("defect " + running.index());
      }
      running.flush();
    }

    void release() {
      DeviceQueue running = queue;
      if (running != null) {
        while (!held.isEmpty()) {
          DescriptorChain chain = held.get(0);
          int written = copy(chain);
          held.remove(0);
          running.complete(chain, written);
        }
        running.flush();
      }
    }

    void completeHeld(int which) {
      DeviceQueue running = Objects.requireNonNull(queue);
      DescriptorChain chain = held.get(which);
      int written = copy(chain);
      held.remove(which);
      running.complete(chain, written);
      running.flush();
    }

    void putBackLast() {
      Objects.requireNonNull(queue).putBack(held.get(held.size() - 1));
    }

    void giveUp() {
      DeviceQueue running = queue;
      if (running != null) {
        while (!held.isEmpty()) {
          running.complete(held.remove(0), 0);
        }
        running.flush();
      }
    }

    @Override
    public Future<Void> stop(DeviceQueue running) {
      events.add("stop " + running.index());
      for (int i = putsBack; i > 0 && !held.isEmpty(); i--) {
        if (!running.putBack(held.get(held.size() - 1))) {
          events.add("kept " + running.index());
          break;
        }
        held.remove(held.size() - 1);
      }
      if (putsBack > 0) {
        release();
      }
      return stops.get();
    }
  }
}
