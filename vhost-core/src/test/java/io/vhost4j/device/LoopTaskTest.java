package io.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vhost4j.event.Allocation;
import io.vhost4j.event.OnLoop;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoopTaskTest {
  private static final int ROUNDS = 20_000;

  private final OnLoop loop = new OnLoop();
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final List<Throwable> reported = new CopyOnWriteArrayList<>();
  private final DeviceContext device =
      new DeviceContext() {
        @Override
        public Context context() {
          return loop.context;
        }

        @Override
        public void configChanged() {}

        @Override
        public void fail(String reason) {
          failures.add(reason);
        }
      };

  @AfterEach
  void close() {
    loop.close();
  }

  @Test
  void itRunsOnceHoweverOftenItWasAskedForBefore() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    LoopTask task = new LoopTask(device, runs::incrementAndGet);
    loop.run(
        () -> {
          for (int i = 0; i < 5; i++) {
            task.request();
          }
          assertThat(runs).as("not before what the loop does now").hasValue(0);
        });
    loop.settle();
    assertThat(runs).hasValue(1);
    task.request();
    loop.settle();
    assertThat(runs).as("and again").hasValue(2);
  }

  /** Somebody may ask when the task has already looked: it has to look again. */
  @Test
  void whatIsAskedForWhileItRunsRunsAfter() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    AtomicReference<LoopTask> self = new AtomicReference<>();
    self.set(
        new LoopTask(
            device,
            () -> {
              if (runs.incrementAndGet() < 3) {
                Objects.requireNonNull(self.get()).request();
              }
            }));
    Objects.requireNonNull(self.get()).request();
    loop.settle();
    assertThat(runs).hasValue(3);
  }

  @Test
  void toAskAllocatesNothing() throws Exception {
    LoopTask task = new LoopTask(device, () -> {});
    long before = 0;
    for (int i = -ROUNDS; i < ROUNDS; i++) {
      if (i == 0) {
        before = Allocation.ofThisThread();
      }
      task.request();
    }
    // The loop's queue grows in pieces of some hundred tasks.
    assertThat(Allocation.ofThisThread() - before).isLessThan(20L * ROUNDS);
  }

  @Test
  void whatItThrowsEndsTheConnection() throws Exception {
    loop.context.exceptionHandler(reported::add);
    new LoopTask(
            device,
            () -> {
              throw new InternalError("as after a truncation");
            })
        .request();
    loop.settle();
    assertThat(failures).containsExactly("the frontend has cut its memory short");
    assertThat(reported).isEmpty();

    RuntimeException bug = new IllegalStateException("as it is meant to");
    new LoopTask(
            device,
            () -> {
              throw bug;
            })
        .request();
    loop.settle();
    assertThat(failures).hasSize(2).last().asString().contains("as it is meant to");
    assertThat(reported).containsExactly(bug);
  }
}
