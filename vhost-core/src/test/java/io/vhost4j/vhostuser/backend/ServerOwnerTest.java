package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Servers and frontends end with the verticle that made them, or with their Vert.x instance. */
class ServerOwnerTest {
  @TempDir Path directory;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(2));
  private final TestDevice holder = new TestDevice("holder", 1, TestDevice.Manner.HOLD);

  @AfterEach
  void close() throws Exception {
    Await.result(vertx.close());
  }

  /** Offers the device. */
  private final class Offering extends VerticleBase {
    private final Path socket;
    private volatile boolean toldInItsContext;

    Offering(Path socket) {
      this.socket = socket;
    }

    @Override
    public Future<?> start() {
      return VhostUserServer.create(vertx, holder)
          .listen(socket)
          .onSuccess(server -> toldInItsContext = Objects.equals(Vertx.currentContext(), context));
    }
  }

  /** What is to end, and what goes on in that moment. */
  enum End {
    UNDEPLOY,
    VERTX_CLOSE
  }

  @ParameterizedTest
  @CsvSource({
    "UNDEPLOY, 0, 0", "UNDEPLOY, 1, 0", "UNDEPLOY, 1, 2",
    "VERTX_CLOSE, 0, 0", "VERTX_CLOSE, 1, 0", "VERTX_CLOSE, 1, 2"
  })
  void aServerMadeInAVerticleEndsWithIt(End end, int frontends, int held) throws Exception {
    Path socket = directory.resolve("socket");
    Offering offering = new Offering(socket);
    String id = Await.result(vertx.deployVerticle(offering));
    assertThat(socket).exists();
    assertThat(offering.toldInItsContext).isTrue();
    Guest guest = frontends == 0 ? null : Guest.running(socket, 1);
    if (guest != null && held > 0) {
      for (int i = 0; i < held; i++) {
        guest.submit(guest.queues.get(0), "held");
      }
      guest.announce(guest.queues.get(0));
      Await.until("buffers held", () -> holder.held() == held);
    }

    Future<Void> ended = end == End.UNDEPLOY ? vertx.undeploy(id) : vertx.close();
    if (held > 0) {
      Await.until("stopping", () -> holder.events.contains("stop 0"));
      assertThat(ended.isComplete()).as("before the buffers are back").isFalse();
      assertThat(holder.events).doesNotContain("close");
      holder.context().context().runOnContext(v -> holder.release());
    }
    Await.result(ended);

    assertThat(socket).doesNotExist();
    assertThat(holder.events).endsWith("close");
    assertThat(Collections.frequency(holder.events, "close")).isEqualTo(1);
    if (guest != null) {
      assertThat(guest.frontend.isHungUpOn()).isTrue();
      guest.close();
    }
  }

  @Test
  void aServerMadeOutsideOfVerticlesEndsWithVertx() throws Exception {
    Path socket = directory.resolve("socket");
    VhostUserServer server = Await.result(VhostUserServer.create(vertx, holder).listen(socket));
    String other = Await.result(vertx.deployVerticle(new VerticleBase() {}));
    Await.result(vertx.undeploy(other));
    assertThat(socket).exists();
    Await.result(vertx.close());
    assertThat(socket).doesNotExist();
    assertThat(holder.events).containsExactly("close");
    assertThat(server.finished().isComplete()).isTrue();
  }

  @Test
  void aServerThatNeverListenedClosesItsDeviceToo() throws Exception {
    VhostUserServer.create(vertx, holder);
    Await.result(vertx.close());
    assertThat(holder.events).containsExactly("close");
  }

  @Test
  void aServerThatIsClosedAlreadyIsNotClosedAgain() throws Exception {
    VhostUserServer server = VhostUserServer.create(vertx, holder);
    Await.result(server.close());
    Await.result(vertx.close());
    assertThat(holder.events).containsExactly("close");
    TestDevice another = new TestDevice("late", 1, TestDevice.Manner.AT_ONCE);
    assertThatThrownBy(() -> VhostUserServer.create(vertx, another))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("late: ", "closed");
  }

  @Test
  void aFrontendEndsWithTheVerticleOfItsContext() throws Exception {
    Path socket = directory.resolve("socket");
    Await.result(VhostUserServer.create(vertx, holder).listen(socket));
    AtomicReference<VhostUserFrontend> connected = new AtomicReference<>();
    String id =
        Await.result(
            vertx.deployVerticle(
                new VerticleBase() {
                  @Override
                  public Future<?> start() {
                    return VhostUserFrontend.connect(context, socket, FrontendOptions.DEFAULT)
                        .onSuccess(connected::set);
                  }
                }));
    VhostUserFrontend frontend = Objects.requireNonNull(connected.get());
    assertThat(frontend.closed().isComplete()).isFalse();
    Await.result(vertx.undeploy(id));
    assertThat(frontend.closed().isComplete()).isTrue();
    Await.until("disconnected", () -> holder.events.contains("disconnected"));
    Await.result(frontend.close());
  }
}
