package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
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
}
