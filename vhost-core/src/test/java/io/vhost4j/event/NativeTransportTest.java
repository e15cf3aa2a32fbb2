package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class NativeTransportTest {
  @Test
  void aVertxWithoutTheNativeTransportIsRefusedWithWhatToDo() {
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(false));
    try {
      assertThatThrownBy(() -> NativeTransport.require(vertx))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("setPreferNativeTransport(true)");
    } finally {
      vertx
          .close()
          .toCompletionStage()
          .toCompletableFuture()
          .orTimeout(10, TimeUnit.SECONDS)
          .join();
    }
  }

  @Test
  void contextsOfOneDeviceShareItsEventLoopHoweverManyThereAre() {
    Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(4));
    try {
      Context device = ((VertxInternal) vertx).createEventLoopContext();
      for (int i = 0; i < 8; i++) {
        Context queue = NativeTransport.sameLoop(device);
        assertThat(queue).isNotSameAs(device);
        assertThat(((ContextInternal) queue).nettyEventLoop())
            .isSameAs(((ContextInternal) device).nettyEventLoop());
      }
      assertThat(NativeTransport.onLoop(device)).isFalse();
    } finally {
      vertx
          .close()
          .toCompletionStage()
          .toCompletableFuture()
          .orTimeout(10, TimeUnit.SECONDS)
          .join();
    }
  }
}
