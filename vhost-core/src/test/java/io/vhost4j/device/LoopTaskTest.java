package io.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.event.Allocation;
import io.vhost4j.event.OnLoop;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoopTaskTest {
  private static final int ROUNDS = 20_000;

  private final OnLoop loop = new OnLoop();
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final List<Throwable> reported = new CopyOnWriteArrayList<>();
  private final DeviceContext device = loop.device(failures);

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

  /** A timer that the task sets, for instance, would be nobody's otherwise. */
  @Test
  void itRunsInTheContextOfTheDevice() throws Exception {
    List<Context> contexts = new CopyOnWriteArrayList<>();
    new LoopTask(device, () -> contexts.add(Vertx.currentContext())).request();
    loop.settle();
    assertThat(contexts).containsExactly(loop.context);
  }

  /** A task that was refused once would otherwise count as asked for, and never run again. */
  @Test
  void whoAsksALoopThatIsGoneHearsOfItEachTime() {
    LoopTask task = new LoopTask(device, () -> {});
    loop.close();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(task::request).isInstanceOf(RejectedExecutionException.class);
    }
  }

  /** Each round asks and runs, as what is asked for twice before it runs costs nothing anyway. */
  @Test
  void toAskAllocatesNothing() throws Exception {
    CompletableFuture<Long> allocated = new CompletableFuture<>();
    AtomicReference<LoopTask> self = new AtomicReference<>();
    long[] before = new long[1];
    int[] round = {-ROUNDS};
    self.set(
        new LoopTask(
            device,
            () -> {
              if (round[0] == 0) {
                before[0] = Allocation.ofThisThread();
              }
              if (round[0]++ < ROUNDS) {
                Objects.requireNonNull(self.get()).request();
              } else {
                allocated.complete(Allocation.ofThisThread() - before[0]);
              }
            }));
    Objects.requireNonNull(self.get()).request();
    assertThat(allocated.get(20, TimeUnit.SECONDS)).isLessThan(ROUNDS);
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
