package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server from its creation to its end, and devices that misbehave. */
class ServerTest {
  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 2, TestDevice.Manner.AT_ONCE);
  private final TestDevice holder = new TestDevice("holder", 2, TestDevice.Manner.HOLD);

  /** E11. */
  @Test
  void aSecondFrontendIsServedWhenTheFirstHasLeft() throws Exception {
    Path path = backend.serve(device);
    try (RawFrontend second = waitingBehindARunningGuest(path)) {
      second.receive();
      Await.until("first gone", () -> device.events.contains("disconnected"));
    }
    assertThat(device.events).containsSubsequence("connected", "disconnected", "connected");
  }

  private RawFrontend waitingBehindARunningGuest(Path path) throws Exception {
    try (Guest first = Guest.running(path, 1)) {
      first.sync();
      RawFrontend second = new RawFrontend(path);
      second.tell(FrontendMessage.GET_FEATURES, Payload.EMPTY);
      first.play(first.queues.get(0));
      backend.settle();
      assertThat(second.hasNews()).isFalse();
      assertThat(Collections.frequency(device.events, "connected")).isEqualTo(1);
      return second;
    }
  }

  /** B2. */
  @ParameterizedTest
  @ValueSource(ints = {24, 26, 28, 29, 30, 32, 34, 41, 49})
  void aDeviceCannotOfferFeaturesThatAreNotADevices(int bit) {
    assertThatThrownBy(() -> backend.server(offering(1L << bit | 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "greedy: feature bits 0x%x are not a device's to offer, only bits 0 to 23 and 50 to 63",
            1L << bit);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 23, 50, 63})
  void aDeviceOffersFeaturesOfItsType(int bit) throws Exception {
    Path path = backend.path("greedy");
    Await.result(backend.server(offering(1L << bit)).listen(path));
    try (RawFrontend frontend = new RawFrontend(path)) {
      assertThat(frontend.askU64(FrontendMessage.GET_FEATURES))
          .isEqualTo(Guest.FEATURES | 1L << bit);
    }
  }

  private static TestDevice offering(long features) {
    return new TestDevice("greedy", 1, TestDevice.Manner.AT_ONCE) {
      @Override
      public long features() {
        return features;
      }
    };
  }

  // Listening

  @Test
  void aServerWithAConnectedSocketIsFinishedWhenItsFrontendHasGoneD2() throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    VhostUserServer server = backend.server(device);
    Await.result(server.listen(pair[0].release()));
    try (Guest guest = new Guest(new RawFrontend(pair[1]))) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      guest.shareMemory();
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);
      assertThat(server.finished().isComplete()).isFalse();
    }
    Await.result(server.finished());
    assertThat(device.events).endsWith("disconnected");
  }

  @Test
  void aServerWithAnInheritedListeningSocketGoesOnUntilItIsClosedD2() throws Exception {
    Path path = backend.path("inherited");
    OwnedFd socket = UnixSocket.create();
    UnixSocket.bind(socket, path);
    UnixSocket.listen(socket, 1);
    VhostUserServer server = backend.server(device);
    Await.result(server.listen(socket.release()));
    backend.assertServes(path, 2);
    backend.assertServes(path, 2);
    assertThat(server.finished().isComplete()).isFalse();
    Await.result(server.close());
    Await.result(server.finished());
    assertThat(path).as("the file of another").exists();
  }

  @Test
  void whatCannotBeListenedOnIsRefusedAndClosed() throws Exception {
    VhostUserServer server = backend.server(device);
    int pipe = OddFiles.pipe().release();
    assertThatThrownBy(() -> Await.result(server.listen(pipe)))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(IOException.class)
        .hasMessageContaining("file descriptor " + pipe + " is not a Unix stream socket");
  }

  @Test
  void aPathThatIsTakenIsNamedAndAnotherCanBeTried() throws Exception {
    Path taken = backend.serve(device);
    VhostUserServer server = backend.server(holder);
    assertThatThrownBy(() -> Await.result(server.listen(taken)))
        .hasCauseInstanceOf(IOException.class)
        .hasMessageContaining(taken.toString());
    Await.result(server.listen(backend.path("free")));
    assertThatThrownBy(() -> Await.result(server.listen(backend.path("second"))))
        .as("one server listens once")
        .hasCauseInstanceOf(IllegalStateException.class);
    backend.assertServes(taken, 2);
  }

  @Test
  void whoClosesAServerInServiceIsNotWarned() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1)) {
      Await.result(backend.lastServer().close());
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    }
    assertThat(backend.logs().complaints()).isEmpty();
    assertThat(backend.logs().lines()).anyMatch(line -> line.endsWith("the server closes"));
  }

  @Test
  void aClosedServerDoesNotListenAgainAndHasRemovedItsSocket() throws Exception {
    Path path = backend.serve(device);
    VhostUserServer server = backend.lastServer();
    Await.result(server.close());
    assertThat(Files.exists(path)).isFalse();
    Await.result(server.close());
    assertThat(Collections.frequency(device.events, "close")).isEqualTo(1);
    assertThatThrownBy(() -> Await.result(server.listen(path)))
        .hasCauseInstanceOf(IllegalStateException.class);
    OwnedFd[] pair = UnixSocket.pair();
    int inherited = pair[0].release();
    assertThatThrownBy(() -> Await.result(server.listen(inherited)))
        .hasCauseInstanceOf(IllegalStateException.class);
    try (RawFrontend frontend = new RawFrontend(pair[1])) {
      assertThat(frontend.isHungUpOn()).isTrue();
    }
  }

  // Closing in the middle of things

  /** What is going on when the server is closed. */
  enum Moment {
    NOBODY_CONNECTED,
    CONNECTED,
    RINGS_RUNNING,
    BUFFERS_HELD,
    STOPPING_A_RING,
    RESETTING,
    ONE_WAITING_BEHIND
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void aServerCanBeClosedAtAnyMoment(Moment moment) throws Exception {
    Path path = backend.serve(holder);
    VhostUserServer server = backend.lastServer();
    Guest guest = null;
    RawFrontend other = null;
    if (moment != Moment.NOBODY_CONNECTED) {
      guest = moment == Moment.CONNECTED ? new Guest(path) : Guest.running(path, 2);
    }
    if (moment.compareTo(Moment.BUFFERS_HELD) >= 0 && guest != null) {
      Guest.Queue queue = guest.queues.get(0);
      guest.submit(queue, "held");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      switch (moment) {
        case STOPPING_A_RING -> {
          guest.frontend.tell(FrontendMessage.GET_VRING_BASE, Guest.state(queue, 0));
          Await.until("stopping", () -> holder.events.contains("stop 0"));
        }
        case RESETTING -> {
          guest.frontend.tell(FrontendMessage.RESET_DEVICE, Payload.EMPTY);
          Await.until("stopping", () -> holder.events.contains("stop 0"));
        }
        case ONE_WAITING_BEHIND -> other = new RawFrontend(path);
        default -> {}
      }
    }
    Future<Void> closed = server.close();
    Future<Void> closedAgain = server.close();
    if (holder.held() > 0) {
      Await.until("stopping", () -> holder.events.contains("stop 0"));
      backend.settle();
      assertThat(closed.isComplete()).as("closed before the buffers are back").isFalse();
      assertThat(closedAgain.isComplete()).isFalse();
      assertThat(holder.events).doesNotContain("close");
      backend.onLoop(holder::release);
    }
    Await.result(closed);
    Await.result(closedAgain);
    assertThat(holder.events).endsWith("close");
    if (guest != null) {
      assertThat(guest.frontend.isHungUpOn()).isTrue();
      guest.close();
    }
    if (other != null) {
      assertThat(other.isHungUpOn()).isTrue();
      other.close();
    }
  }

  // Devices that are stuck

  @Tag("long")
  @Test
  void aDeviceThatDoesNotStopHoldsUpItsFrontendsAndTheLogSaysSoOnce() throws Exception {
    Promise<Void> stopped = Promise.promise();
    device.stops = stopped::future;
    Path path = backend.serve(device);
    Path other = backend.serve(new TestDevice("other", 1, TestDevice.Manner.AT_ONCE));
    try (RawFrontend second = waitingBehindARunningGuest(path)) {
      Await.until("a complaint", () -> !backend.logs().complaints().isEmpty());
      assertThat(backend.logs().complaints().get(0))
          .contains("copy", path.toString(), "does not stop or reset; frontends have to wait");
      assertThat(Resources.held().memoryMappings()).as("still mapped").isEqualTo(1);
      assertThat(second.hasNews()).isFalse();
      backend.assertServes(other, 1);
      stopped.complete();
      second.receive();
    }
    device.stops = Future::succeededFuture;
    backend.assertServes(path, 2);
    assertThat(backend.logs().complaints()).hasSize(1);
  }

  @Tag("long")
  @Test
  void buffersThatADeviceKeepsBeyondItsEndAreTakenAwaySafely() throws Exception {
    Path path = backend.serve(holder);
    try (Guest guest = Guest.running(path, 2)) {
      guest.submit(guest.queues.get(0), "kept");
      guest.announce(guest.queues.get(0));
      Await.until("a buffer held", () -> holder.held() == 1);
    }
    Await.until("disconnected", () -> holder.events.contains("disconnected"));
    assertThat(Resources.held().memoryMappings()).isZero();
    assertThat(backend.logs().complaints())
        .singleElement()
        .asString()
        .contains("queue 0: the device has not returned 1 buffers");
    // A worker that wakes up at last does no harm.
    backend.onLoop(holder::release);
    try (Guest guest = Guest.running(path, 2)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.submit(queue, "next");
      guest.announce(queue);
      Await.until("a buffer held", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      guest.awaitUsed(queue);
    }
  }

  /** Submits buffers until the device holds them; returns their heads. */
  private int[] hold(Guest guest, Guest.Queue queue, int count) throws Exception {
    int[] heads = new int[count];
    for (int i = 0; i < count; i++) {
      heads[i] = guest.submit(queue, "buffer " + i);
    }
    guest.announce(queue);
    Await.until("buffers held", () -> holder.held() == count);
    return heads;
  }

  @Tag("long")
  @Test
  void buffersThatADeviceKeepsComeAgainAfterAPauseC18() throws Exception {
    try (Guest guest = Guest.running(backend.serve(holder), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      int[] heads = hold(guest, queue, 3);
      backend.onLoop(() -> holder.completeHeld(0, 0));
      int base = guest.stop(queue); // answered although two buffers are not back
      assertThat(base).as("the first one that was kept").isEqualTo(1);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[0]);
      assertThat(queue.driver.poll()).isEqualTo(-1);

      backend.onLoop(holder::release); // too late, and without effect
      guest.start(queue, base, true);
      Await.until("both are there again", () -> holder.held() == 2);
      backend.onLoop(holder::release);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[1]);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[2]);
      guest.sync();
      assertThat(queue.driver.poll()).isEqualTo(-1);
    }
  }

  @Tag("long")
  @Test
  void buffersThatADeviceKeepsAndThatCannotComeAgainGoBackUnusedC18() throws Exception {
    try (Guest guest = Guest.running(backend.serve(holder), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      int[] heads = hold(guest, queue, 4);
      backend.onLoop(() -> holder.completeHeld(0, 2)); // two were taken before, one after it
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[2]);
      int base = guest.stop(queue);
      assertThat(base).as("behind the last one that was used").isEqualTo(3);
      List<Integer> back = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        back.add(guest.awaitUsed(queue));
        assertThat(queue.driver.usedLength()).isZero();
      }
      assertThat(back).containsExactlyInAnyOrder(heads[0], heads[1]);
      assertThat(queue.driver.poll()).isEqualTo(-1);

      backend.onLoop(holder::release);
      guest.start(queue, base, true);
      Await.until("the last one is there again", () -> holder.held() == 1);
      backend.onLoop(holder::release);
      assertThat(guest.awaitUsed(queue)).isEqualTo(heads[3]);
      assertThat(queue.driver.usedLength()).isNotZero();
    }
  }

  @Test
  void aBufferThatBrokeTheDeviceGoesBackUnusedWhenTheRingStops() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.play(queue);
      device.failsNext = true;
      int head = guest.submit(queue, "breaks the device");
      guest.announce(queue);
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      int base = guest.stop(queue);
      assertThat(base).isEqualTo(2);
      assertThat(guest.awaitUsed(queue)).isEqualTo(head);
      assertThat(queue.driver.usedLength()).isZero();
      guest.start(queue, base, true);
      for (int i = 0; i < 2 * Guest.RING_SIZE; i++) {
        guest.play(queue);
      }
    }
  }

  // Devices that fail

  @Test
  void aDeviceThatThrowsLosesItsRingAndNothingElse() throws Exception {
    Path path = backend.serve(device);
    try (Guest guest = Guest.running(path, 2)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.play(queue);
      device.failsNext = true;
      guest.submit(queue, "breaks the device");
      guest.announce(queue);
      assertThat(queue.error.await(Await.SECONDS * 1000)).isTrue();
      guest.play(guest.queues.get(1));
      guest.stop(queue); // although one buffer will never come back
      guest.reboot(queue);
      guest.start(queue, true);
      guest.play(queue);
    }
    assertThat(backend.logs().complaints()).hasSize(2);
    assertThat(backend.logs().stackTraces())
        .as("for the author of the device")
        .singleElement()
        .asString()
        .contains("queue 0: the device failed");
    backend.assertServes(path, 2);
  }

  @Test
  void aDeviceThatFailsToStopOrResetIsLeftAllTheSame() throws Exception {
    Path path = backend.serve(device);
    List<Runnable> failures =
        List.of(
            () -> device.stops = () -> Future.failedFuture("stop fails"),
            () -> {
              device.stops =
                  () -> {
                    throw new IllegalStateException("stop throws");
                  };
            },
            () -> {
              device.stops =
                  () -> {
                    throw new NoClassDefFoundError("stop throws an error");
                  };
            },
            () -> device.resets = () -> Future.failedFuture("reset fails"),
            () -> {
              device.resets =
                  () -> {
                    throw new IllegalStateException("reset throws");
                  };
            });
    for (Runnable failure : failures) {
      device.stops = Future::succeededFuture;
      device.resets = Future::succeededFuture;
      try (Guest guest = Guest.running(path, 1)) {
        guest.play(guest.queues.get(0));
        failure.run();
        assertThat(guest.stop(guest.queues.get(0))).isEqualTo(1);
      }
    }
    device.stops = Future::succeededFuture;
    device.resets = Future::succeededFuture;
    backend.assertServes(path, 2);
  }

  @ParameterizedTest(name = "with an Error: {0}")
  @ValueSource(booleans = {false, true})
  void aDeviceThatFailsWhenAFrontendComesOrGoesIsServedAgain(boolean withError) throws Exception {
    List<String> fails = new CopyOnWriteArrayList<>();
    TestDevice fragile =
        new TestDevice("fragile", 1, TestDevice.Manner.AT_ONCE) {
          @Override
          public void connected(DeviceContext present) {
            super.connected(present);
            failIf("connected");
          }

          @Override
          public void disconnected() {
            super.disconnected();
            failIf("disconnected");
          }

          @Override
          public QueueHandler queue(int index) {
            failIf("queue");
            return super.queue(index);
          }

          private void failIf(String what) {
            if (fails.contains(what)) {
              if (withError) {
                throw new NoClassDefFoundError(what + " throws");
              }
              throw new IllegalStateException(what + " throws");
            }
          }
        };
    Path path = backend.serve(fragile);
    fails.add("connected");
    try (RawFrontend frontend = new RawFrontend(path)) {
      assertThat(frontend.isHungUpOn()).isTrue();
    }
    fails.set(0, "queue");
    try (RawFrontend frontend = new RawFrontend(path)) {
      assertThat(frontend.isHungUpOn()).isTrue();
    }
    fails.set(0, "disconnected");
    backend.assertServes(path, 1);
    fails.clear();
    backend.assertServes(path, 1);
  }

  @Test
  void everyCallOfAQueuesHandlerIsInTheContextOfThatQueue() throws Exception {
    List<Object> contexts = new CopyOnWriteArrayList<>();
    device.inAvailable = () -> contexts.add(Vertx.currentContext());
    device.stops =
        () -> {
          contexts.add(Vertx.currentContext());
          return Future.succeededFuture();
        };
    try (Guest guest = Guest.running(backend.serve(device), 2)) {
      Guest.Queue queue = guest.queues.get(0);
      for (int i = 0; i < 5; i++) {
        guest.play(queue); // from a kick, after that of the message which enabled the queue
      }
      guest.enable(guest.queues.get(1), 0);
      guest.sync();
      int before = contexts.size();
      guest.play(queue);
      guest.stop(queue);
      assertThat(contexts.subList(before, contexts.size())).hasSizeGreaterThan(1);
      assertThat(new HashSet<>(contexts.subList(before, contexts.size()))).hasSize(1);
    }
    assertThat(new HashSet<>(contexts)).as("one for each queue").hasSize(2);
  }

  @Test
  void aDeviceCanEndTheConnectionFromAnyThread() throws Exception {
    Path path = backend.serve(device);
    try (Guest guest = Guest.running(path, 1)) {
      guest.play(guest.queues.get(0));
      DeviceContext context = device.context();
      context.fail("no sound card");
      context.fail("no sound card");
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    }
    backend.assertServes(path, 2);
    assertThat(backend.logs().complaints())
        .singleElement()
        .asString()
        .contains("disconnected: no sound card");
  }
}
