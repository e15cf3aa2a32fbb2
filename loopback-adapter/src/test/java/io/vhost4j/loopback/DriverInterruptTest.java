package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A driver that has no handler of interrupts at first. */
class DriverInterruptTest {
  private final Vertx vertx = Vertx.vertx();
  private final ContextInternal context = (ContextInternal) vertx.getOrCreateContext();
  private final DriverInterrupt interrupt = new DriverInterrupt(context, this::call, this::again);

  /* Of the event loop. */
  private boolean hasHandler;
  private int tries;
  private int timers;

  @AfterEach
  void close() {
    vertx.close().await();
  }

  private boolean call() {
    tries++;
    return hasHandler;
  }

  private void again() {
    timers++;
    request();
  }

  private void request() {
    try {
      interrupt.request();
    } catch (LoopbackException e) {
      throw new AssertionError(e);
    }
  }

  private <T> T onLoop(Callable<T> action) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    context.runOnContext(
        v -> {
          try {
            result.complete(action.call());
          } catch (Exception e) {
            result.completeExceptionally(e);
          }
        });
    return result.get(20, TimeUnit.SECONDS);
  }

  /** So many requests in one turn, and how often the kernel is asked for them. */
  private int triesOf(int requests) throws Exception {
    return onLoop(
        () -> {
          int before = tries;
          for (int i = 0; i < requests; i++) {
            request();
          }
          return tries - before;
        });
  }

  private void awaitTimers(int count) throws Exception {
    for (int i = 0; i < 4000 && onLoop(() -> timers) < count; i++) {
      Thread.sleep(5);
    }
    assertThat(onLoop(() -> timers)).isGreaterThanOrEqualTo(count);
  }

  @Test
  void oneTimerTriesForHoweverManyBuffers() throws Exception {
    assertThat(triesOf(100)).isEqualTo(1);
    awaitTimers(3);
    assertThat(triesOf(100)).isZero();
    int last =
        onLoop(
            () -> {
              hasHandler = true;
              return timers + 1;
            });
    awaitTimers(last);
    assertThat(triesOf(100)).as("each is its own again").isEqualTo(100);
    Thread.sleep(50); // there is no other timer
    assertThat(onLoop(() -> timers)).isEqualTo(last);
  }
}
