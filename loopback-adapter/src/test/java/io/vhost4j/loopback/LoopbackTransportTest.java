package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.Polling;
import io.vhost4j.event.NativeTransport;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a device of this process does while its card comes. */
@Timeout(30)
class LoopbackTransportTest {
  private static final int CONSOLE = 3;

  private static final class Device implements VirtioDevice {
    private final DeviceConfig config = new DeviceConfig(4);
    private @Nullable DeviceContext context;

    @Override
    public int deviceType() {
      return CONSOLE;
    }

    @Override
    public String name() {
      return "device";
    }

    @Override
    public int queueCount() {
      return 0;
    }

    @Override
    public QueueHandler queue(int index) {
      throw new IllegalArgumentException("there is no queue");
    }

    @Override
    public DeviceConfig config() {
      return config;
    }

    @Override
    public void connected(DeviceContext connection) {
      context = connection;
    }
  }

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Device device = new Device();
  private final LoopbackTransport transport =
      new LoopbackTransport(vertx, device, Polling.never(), 64, "device");
  private final List<String> told = new ArrayList<>();
  private boolean hasCard;

  /** A place that knows no card until there is one. */
  private final CardNode node =
      (CardNode)
          Proxy.newProxyInstance(
              CardNode.class.getClassLoader(),
              new Class<?>[] {CardNode.class},
              (self, method, arguments) -> {
                assertThat(method.getName()).isEqualTo("config");
                if (!hasCard) {
                  throw new LoopbackException("No such device", true);
                }
                told.add("%d %s".formatted(((ByteBuffer) arguments[1]).get(0), arguments[2]));
                return null;
              });

  private final CardSlot slot =
      new CardSlot() {
        @Override
        public CardNode node() {
          return node;
        }

        @Override
        public long possibleFeatures() {
          return -1;
        }

        @Override
        public void lost(String reason) {
          told.add("lost: " + reason);
        }
      };

  @AfterEach
  void close() throws Exception {
    onLoop(transport::end);
    vertx.close().await();
  }

  private <T> T onLoop(Callable<T> action) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    transport
        .context()
        .runOnContext(
            v -> {
              try {
                result.complete(action.call());
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    return result.get(10, TimeUnit.SECONDS);
  }

  private Void change(int value) {
    device.config.bytes().put(0, (byte) value);
    Objects.requireNonNull(device.context).configChanged();
    return null;
  }

  /** The kernel may take seconds for it, until the former card is gone. */
  @Test
  void whatChangesWhileTheCardComesIsToldWhenItIsThere() throws Exception {
    onLoop(() -> transport.begin(slot));
    onLoop(() -> change(1));
    onLoop(() -> change(2));
    assertThat(told).isEmpty();
    hasCard = true;
    onLoop(
        () -> {
          transport.attached();
          return null;
        });
    assertThat(told).containsExactly("2 true");
    onLoop(() -> change(3));
    assertThat(told).containsExactly("2 true", "3 true");
  }

  /** A thread of the device may still be with what it did for the former one. */
  @Test
  void aFailureThatComesLateDoesNotEndTheNextCard() throws Exception {
    onLoop(() -> transport.begin(slot));
    DeviceContext former = Objects.requireNonNull(device.context);
    onLoop(transport::end).await();
    onLoop(() -> transport.begin(slot));
    former.fail("it was too much");
    onLoop(() -> null);
    assertThat(told).isEmpty();
    Objects.requireNonNull(device.context).fail("again");
    onLoop(() -> null);
    assertThat(told).containsExactly("lost: again");
  }
}
