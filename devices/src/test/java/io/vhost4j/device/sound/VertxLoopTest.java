package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.event.NativeTransport;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VertxLoopTest {
  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Context context = NativeTransport.newLoop(vertx);
  private final Promise<String> failure = Promise.promise();
  private final Promise<Throwable> uncaught = Promise.promise();

  private final DeviceLog log = new DeviceLog(context, () -> "device");

  private final DeviceContext device =
      new DeviceContext() {
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
          failure.complete(reason);
        }
      };

  @AfterEach
  void close() throws Exception {
    await(vertx.close());
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void anErrorOfATaskEndsTheConnectionAndGoesToTheContext() throws Exception {
    context.exceptionHandler(uncaught::complete);
    EventLoop loop = new VertxLoop(device);
    StackOverflowError error = new StackOverflowError("meant to");
    EventLoop.Task task =
        loop.newTask(
            () -> {
              throw error;
            });
    task.request();
    assertThat(await(failure.future())).contains("meant to");
    assertThat(await(uncaught.future())).isSameAs(error);
  }
}
