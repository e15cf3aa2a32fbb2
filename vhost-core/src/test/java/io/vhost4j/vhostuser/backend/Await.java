package io.vhost4j.vhostuser.backend;

import io.vertx.core.Future;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowingConsumer;

/** Waits for what happens elsewhere; the limit is only there to end a test that has failed. */
public final class Await {
  static final int SECONDS = 20;

  private Await() {}

  /** Waits until the condition holds. */
  public static void until(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("still not so: " + what);
      }
      Thread.sleep(1);
    }
  }

  /** Waits until {@code value} passes {@code check}, and fails as that does if it never will. */
  public static <T> void eventually(Callable<T> value, ThrowingConsumer<T> check) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (true) {
      try {
        check.accept(value.call());
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
      Thread.sleep(1);
    }
  }

  /** The result of a future. */
  public static <T> T result(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
  }
}
