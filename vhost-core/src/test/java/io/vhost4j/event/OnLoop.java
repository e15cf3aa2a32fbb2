package io.vhost4j.event;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceLog;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A Vert.x instance with one event loop, and test code that runs on it. */
public final class OnLoop implements AutoCloseable {
  public final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  public final Context context = ((VertxInternal) vertx).createEventLoopContext();

  /** A device on the loop, which collects the reasons of its failures. */
  public DeviceContext device(List<String> failures) {
    DeviceLog log = new DeviceLog(context, () -> "device");
    return new DeviceContext() {
      @Override
      public Context context() {
        return context;
      }

      @Override
      public DeviceLog log() {
        return log;
      }

      @Override
      public void configChanged() {}

      @Override
      public void fail(String reason) {
        failures.add(reason);
      }
    };
  }

  /** Runs on the event loop and waits for the result. */
  public <T> T call(Callable<T> action) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    context.runOnContext(
        v -> {
          try {
            result.complete(action.call());
          } catch (Throwable t) {
            result.completeExceptionally(t);
          }
        });
    return result.get(10, TimeUnit.SECONDS);
  }

  /** Runs on the event loop and waits for the end. */
  public void run(ThrowingRunnable action) throws Exception {
    call(
        () -> {
          action.run();
          return 0;
        });
  }

  /** Waits until everything that is ready now has been handled by the loop. */
  public void settle() throws Exception {
    for (int i = 0; i < 3; i++) {
      CompletableFuture<Boolean> turn = new CompletableFuture<>();
      vertx.setTimer(1, t -> turn.complete(true));
      turn.get(10, TimeUnit.SECONDS);
    }
  }

  /** An action that may fail. */
  public interface ThrowingRunnable {
    void run() throws Exception;
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
  }
}
