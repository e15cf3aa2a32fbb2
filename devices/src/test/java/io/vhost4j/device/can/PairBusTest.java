package io.vhost4j.device.can;

import static io.vhost4j.device.can.CanGuest.OK;
import static io.vhost4j.device.can.CanGuest.START;
import static io.vhost4j.device.can.CanGuest.STOP;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two cards of a process that are joined, each on an event loop of its own. */
@Tag("jdk")
class PairBusTest {
  private static final int ROOM = 80;
  private static final int FRAMES = 10_000;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(3));
  private final PairBus[] ends = PairBus.create();
  private final CanDevice left = new CanDevice("left", ends[0], 0);
  private final CanDevice right = new CanDevice("right", ends[1], 0);

  @AfterEach
  void close() throws Exception {
    Guest.await(vertx.close());
  }

  private static void await(String what, BooleanSupplier isSo) throws InterruptedException {
    for (int k = 0; k < 4000 && !isSo.getAsBoolean(); k++) {
      Thread.sleep(5);
    }
    assertThat(isSo.getAsBoolean()).as(what).isTrue();
  }

  private static byte[] rx(int number) {
    return Frames.rx("%08x##0%016x".formatted(number, ~(long) number));
  }

  private static byte[] tx(int number) {
    return Frames.tx("%08x##0%016x".formatted(number, ~(long) number));
  }

  /** Both at once, as fast as they can: each gets every frame, in its order. */
  @Test
  void framesArriveInOrderAndNoneIsLostWhileThereAreBuffers() throws Exception {
    try (CanGuest one = new CanGuest(vertx, left);
        CanGuest two = new CanGuest(vertx, right)) {
      for (CanGuest guest : List.of(one, two)) {
        guest.command(START);
        guest.post(64, ROOM);
      }
      CompletableFuture<Void> other = CompletableFuture.runAsync(() -> exchange(two, one));
      exchange(one, two);
      other.get(60, TimeUnit.SECONDS);
      for (CanGuest guest : List.of(one, two)) {
        await("all have come", () -> guest.received.size() >= FRAMES);
        for (int i = 0; i < FRAMES; i++) {
          assertThat(guest.received.get(i)).as("frame %d", i).isEqualTo(rx(i));
        }
        assertThat(guest.results).hasSize(FRAMES).containsOnly(OK);
      }
      assertThat(left.counters().overruns + right.counters().overruns).isZero();
    }
  }

  /** Posts a buffer for each frame that has come, and is not farther ahead than cards can keep. */
  private static void exchange(CanGuest guest, CanGuest peer) {
    int sent = 0;
    int posted = 64;
    long end = System.nanoTime() + 60_000_000_000L;
    while ((sent < FRAMES || guest.received.size() < FRAMES) && System.nanoTime() < end) {
      int idle = sent + posted;
      int limit = Math.min(FRAMES, peer.received.size() + CanDevice.INBOX);
      for (int i = 0; i < 16 && sent < limit && guest.tx.inFlight() < 30; i++) {
        guest.send(tx(sent++));
      }
      int more = Math.min(guest.received.size() + 64, FRAMES) - posted;
      if (more > 0) {
        guest.post(more, ROOM);
        posted += more;
      }
      if (idle == sent + posted) {
        LockSupport.parkNanos(20_000);
      }
    }
  }

  @Test
  void aFrameThatNobodyHearsIsSentAllTheSame() throws Exception {
    try (CanGuest one = new CanGuest(vertx, left);
        CanGuest two = new CanGuest(vertx, right)) {
      one.command(START);
      one.send("001#");
      assertThat(one.results).containsExactly(OK);
      two.post(3, ROOM);
      two.command(START);
      one.send("002#");
      await("it has come", () -> two.received.size() == 1);
      assertThat(two.received).containsExactly(Frames.rx("002#"));
      two.command(STOP);
      one.send("003#");
      two.command(START);
      one.send("004#");
      await("it has come", () -> two.received.size() == 2);
      assertThat(two.received).containsExactly(Frames.rx("002#"), Frames.rx("004#"));
    }
  }

  /** A guest without buffers loses frames; its peer goes on. */
  @Test
  void aGuestThatTakesNothingDoesNotHoldUpItsPeer() throws Exception {
    int count = 3 * CanDevice.INBOX;
    try (CanGuest one = new CanGuest(vertx, left);
        CanGuest two = new CanGuest(vertx, right)) {
      one.command(START);
      two.command(START);
      for (int i = 0; i < count; i++) {
        one.send(tx(i));
        int sent = i + 1;
        await("it is sent", () -> one.results.size() == sent);
      }
      assertThat(one.results).hasSize(count).containsOnly(OK);
      await("all are there", () -> right.counters().overruns == count - CanDevice.INBOX);
      two.post(64, ROOM);
      await("the first are received", () -> two.received.size() == 64);
      assertThat(two.received)
          .containsExactlyElementsOf(IntStream.range(0, 64).mapToObj(PairBusTest::rx).toList());
    }
  }

  @Test
  void aWireThatIsFullHoldsUpTheSenderUntilTheOtherTakesOrLeaves() throws Exception {
    try (CanGuest one = new CanGuest(vertx, left);
        CanGuest two = new CanGuest(vertx, right)) {
      one.command(START);
      two.command(START);
      // The other's event loop takes nothing meanwhile.
      two.guest.run(
          () -> {
            for (int i = 0; i < 300; i++) {
              if (one.tx.inFlight() < 30) {
                one.send(tx(i));
              }
            }
          });
      await("all are sent", () -> one.tx.inFlight() == 0);
      assertThat(one.results).containsOnly(OK);
      assertThat(right.counters().overruns).isZero();
      two.guest.run(
          () -> {
            for (int i = 0; i < 300 && one.tx.inFlight() < 30; i++) {
              one.send(tx(i));
            }
            ends[1].stop();
          });
      await("all are sent", () -> one.tx.inFlight() == 0);
    }
  }
}
