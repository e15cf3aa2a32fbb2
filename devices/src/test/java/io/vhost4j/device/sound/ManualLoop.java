package io.vhost4j.device.sound;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a device does later, at turns and at a time that the test decides. It is done on the event
 * loop of the device, while the test waits.
 */
final class ManualLoop implements EventLoop {
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final List<ManualTimer> timers = new ArrayList<>();
  private volatile long now = 1_000_000_000_000L;

  /** Reasons given to {@link #fail}. */
  final List<String> failures = new ArrayList<>();

  private @Nullable DeviceContext device;
  private Consumer<Runnable> deviceLoop = Runnable::run;

  /** Has tasks run by {@code loop}, which waits for their end. */
  void runsBy(Consumer<Runnable> loop) {
    deviceLoop = loop;
  }

  EventLoop forDevice(DeviceContext context) {
    device = context;
    return this;
  }

  long nanoTime() {
    return now;
  }

  @Override
  public Task newTask(Runnable task) {
    AtomicBoolean requested = new AtomicBoolean();
    Runnable run =
        () -> {
          requested.set(false);
          try {
            task.run();
          } catch (InternalError e) {
            fail("the frontend has cut its memory short");
          }
        };
    return () -> {
      if (requested.compareAndSet(false, true)) {
        tasks.add(run);
      }
    };
  }

  @Override
  public Task newTurn(Runnable task) {
    return newTask(task);
  }

  @Override
  public DeviceLog log() {
    return Objects.requireNonNull(device).log();
  }

  @Override
  public void fail(String reason) {
    failures.add(reason);
  }

  @Override
  public Timer newTimer(Runnable task) {
    ManualTimer timer = new ManualTimer(task);
    timers.add(timer);
    return timer;
  }

  @Override
  public void close() {
    timers.clear();
  }

  /** Runs what was queued, and what that queues. */
  void settle() {
    deviceLoop.accept(this::runTasks);
  }

  private void runTasks() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  /** Lets time pass, timers running at their time. */
  void advance(long nanos) {
    deviceLoop.accept(() -> pass(nanos));
  }

  private void pass(long nanos) {
    runTasks();
    long end = now + nanos;
    for (ManualTimer next = first(end); next != null; next = first(end)) {
      now = Math.max(now, next.at);
      next.armed = false;
      next.task.run();
      runTasks();
    }
    now = end;
  }

  private @Nullable ManualTimer first(long end) {
    @Nullable ManualTimer first = null;
    for (ManualTimer timer : timers) {
      if (timer.armed && timer.at <= end && (first == null || timer.at < first.at)) {
        first = timer;
      }
    }
    return first;
  }

  /** Whether some timer is armed. */
  boolean isTimerArmed() {
    return timers.stream().anyMatch(timer -> timer.armed);
  }

  /** Runs what other threads queue until the condition holds; fails after ten seconds. */
  void await(BooleanSupplier condition) {
    long giveUp = System.nanoTime() + 10_000_000_000L;
    settle();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > giveUp) {
        throw new AssertionError("nothing happened for ten seconds");
      }
      LockSupport.parkNanos(100_000);
      if (!tasks.isEmpty()) {
        settle();
      }
    }
  }

  private final class ManualTimer implements Timer {
    private final Runnable task;
    private boolean armed;
    private long at;

    ManualTimer(Runnable task) {
      this.task = task;
    }

    @Override
    public void arm(long nanos) {
      if (nanos <= 0) {
        throw new IllegalArgumentException("a wait of " + nanos + " ns");
      }
      armed = true;
      at = now + nanos;
    }

    @Override
    public void disarm() {
      armed = false;
    }
  }
}
