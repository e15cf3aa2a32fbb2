package io.vhost4j.device.gpio;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.LogWatch;
import io.vhost4j.testkit.Returned;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A chip whose calls keep who makes them waiting, such as one behind a slow bus. */
@Timeout(60)
class GpioHostTest {
  private static final int SET_DIRECTION = 3;
  private static final int GET = 4;
  private static final int IRQ_TYPE = 6;
  private static final int OUT = 1;
  private static final int IN = 2;
  private static final int NONE = 0;
  private static final int RISING = 1;
  private static final int FALLING = 2;
  private static final int HIGH = 4;
  private static final long QUEUE_BYTES = 1 << 20;
  private static final long SECONDS = 20;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final ScriptedChip chip = new ScriptedChip();
  private final InProcessGuest guest;
  private final GuestQueue requests;
  private final GuestQueue eventQueue;
  private final LinkedBlockingQueue<Returned> returned = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<Returned> events = new LinkedBlockingQueue<>();

  GpioHostTest() throws Exception {
    guest =
        InProcessGuest.create(vertx, new GpioDevice("gpio", new GpioPort(chip)), 2 * QUEUE_BYTES);
    requests = guest.queue(0, 0, QUEUE_BYTES, 16, 0);
    requests.onReturned(returned::add);
    eventQueue = guest.queue(1, QUEUE_BYTES, QUEUE_BYTES, 16, 0);
    eventQueue.onReturned(events::add);
    Guest.await(requests.start());
    Guest.await(eventQueue.start());
  }

  @AfterEach
  void close() throws Exception {
    chip.permits.release(1000);
    assertThat(guest.disconnects()).as("the device did not fail").isEmpty();
    guest.close();
    Guest.await(vertx.close());
  }

  private int ask(int type, int line, int value) {
    int head = requests.add(GpioMessages.request(type, line, value), 2, Integer.MAX_VALUE);
    requests.kick();
    return head;
  }

  private void assertReply(int head, int status, int value) throws InterruptedException {
    Returned reply = returned.poll(SECONDS, TimeUnit.SECONDS);
    assertThat(reply).as("a reply").isNotNull();
    assertThat(reply.head()).as("G2: in order").isEqualTo(head);
    assertThat(reply.writable()).containsExactly(status, value);
  }

  private void obeyed(int type, int line, int value) throws InterruptedException {
    assertReply(ask(type, line, value), 0, 0);
  }

  private int arm(int line) {
    int head = eventQueue.add(GpioMessages.line(line), 1, Integer.MAX_VALUE);
    eventQueue.kick();
    return head;
  }

  private void assertInterrupt(int head) throws InterruptedException {
    assertReturned(head, 1);
  }

  private void assertReturned(int head, int status) throws InterruptedException {
    Returned event = events.poll(SECONDS, TimeUnit.SECONDS);
    assertThat(event).as("a buffer of the event queue").isNotNull();
    assertThat(event.head()).isEqualTo(head);
    assertThat(event.writable()).containsExactly(status);
  }

  private static void await(String what, BooleanSupplier isSo) throws InterruptedException {
    for (int k = 0; k < 4000 && !isSo.getAsBoolean(); k++) {
      Thread.sleep(5);
    }
    assertThat(isSo.getAsBoolean()).as(what).isTrue();
  }

  @Test
  void aChipThatIsSlowKeepsNobodyElseWaiting() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, RISING);
    int armed = arm(0);
    chip.stuck();
    chip.begun.drainPermits();
    int first = ask(SET_DIRECTION, 1, OUT);
    int second = ask(GET, 0, 0);
    chip.begun.acquire();
    guest.run(() -> chip.listener().edge(0, false)); // the event loop is free
    guest.run(() -> {});
    assertThat(events).as("of another edge").isEmpty();
    guest.run(() -> chip.listener().edge(0, true));
    assertInterrupt(armed);
    assertThat(returned).isEmpty();
    chip.isHigh = true;
    chip.permits.release(2);
    assertReply(first, 0, 0);
    assertReply(second, 0, 1);
    assertThat(chip.calls).containsExactly("0 INPUT", "0 INPUT_RISING", "1 OUTPUT_LOW", "0 read");
  }

  @Test
  void aStopDoesNotWaitForAChipThatIsStuck_F8() throws Exception {
    chip.stuck();
    int first = ask(GET, 0, 0);
    chip.begun.acquire();
    int second = ask(GET, 1, 0);
    Guest.await(requests.stop());
    requests.collect();
    assertReply(first, 1, 0);
    assertThat(returned).as("what was not begun stays in the ring").isEmpty();
    try (LogWatch log = new LogWatch()) {
      Guest.await(requests.start());
      for (int i = 0; i < 3; i++) {
        guest.run(() -> {}); // it is refused while the chip is stuck
      }
      chip.permits.release(9);
      assertReply(second, 1, 0);
      assertThat(log.stackTraces()).isEmpty();
    }
    boolean[] isBack = {false};
    await(
        "the chip answers again",
        () -> {
          try {
            int head = ask(GET, 2, 0);
            Returned reply = returned.poll(SECONDS, TimeUnit.SECONDS);
            isBack[0] = reply != null && reply.head() == head && reply.writable()[0] == 0;
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return isBack[0];
        });
  }

  @Test
  void aResetWithAChipThatIsStuckReleasesTheLinesWhenItIsNot() throws Exception {
    chip.stuck();
    int head = ask(SET_DIRECTION, 1, OUT);
    chip.begun.acquire();
    Guest.await(requests.stop());
    Guest.await(eventQueue.stop());
    requests.collect();
    assertReply(head, 1, 0);
    Guest.await(guest.reset());
    assertThat(chip.calls).containsExactly("1 OUTPUT_LOW");
    chip.permits.release(9);
    await("all lines are released", () -> chip.calls.size() == 1 + ScriptedChip.LINES);
    assertThat(chip.calls).endsWith("0 RELEASED", "1 RELEASED", "2 RELEASED");
  }

  @Test
  void aResetWaitsUntilTheLinesAreReleased() throws Exception {
    obeyed(SET_DIRECTION, 1, OUT);
    Guest.await(requests.stop());
    Guest.await(eventQueue.stop());
    chip.stuck();
    chip.begun.drainPermits();
    Future<Void> reset = guest.reset();
    chip.begun.acquire();
    assertThat(reset.isComplete()).isFalse();
    chip.permits.release(9);
    Guest.await(reset);
    assertThat(chip.calls).hasSize(1 + ScriptedChip.LINES);
  }

  @Test
  void aLevelIsReadWithoutWaitingForIt_G5() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, HIGH);
    chip.begun.drainPermits();
    chip.stuck();
    int armed = arm(0);
    chip.begun.acquire();
    guest.run(() -> {});
    assertThat(events).isEmpty();
    chip.isHigh = true;
    chip.permits.release();
    assertInterrupt(armed);
    assertThat(chip.calls).endsWith("0 read");
  }

  /** A read that has begun before an edge may have missed it. */
  @Test
  void anEdgeWhileALevelIsReadHasItReadAnew_G5() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, HIGH);
    chip.begun.drainPermits();
    chip.stuck();
    int armed = arm(0);
    chip.begun.acquire();
    guest.run(() -> chip.listener().edge(0, true));
    chip.permits.release();
    chip.begun.acquire();
    chip.isHigh = true;
    chip.permits.release();
    assertInterrupt(armed);
  }

  @Test
  void aLevelWhoseReadingIsGivenUpIsReadWhenTheChipAnswersAgain_G5() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, HIGH);
    chip.begun.drainPermits();
    chip.stuck();
    int armed = arm(0);
    chip.begun.acquire();
    int head = ask(GET, 1, 0);
    Guest.await(requests.stop()); // has the call given up sooner
    Guest.await(requests.start());
    assertReply(head, 1, 0);
    chip.isHigh = true;
    chip.permits.release(9);
    assertInterrupt(armed);
    assertThat(chip.calls).containsExactly("0 INPUT", "0 INPUT_BOTH", "0 read", "0 read");
  }

  /** The driver was told that it is not: it would not ask again for what it has. */
  @Test
  void whatWasGivenUpAndDoneAllTheSameIsUndone_G8() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, RISING);
    chip.stuck();
    chip.begun.drainPermits();
    int head = ask(IRQ_TYPE, 0, FALLING);
    chip.begun.acquire();
    Guest.await(requests.stop()); // has the call given up sooner
    Guest.await(requests.start());
    assertReply(head, 1, 0);
    chip.permits.release(9);
    await("the chip is as it was", () -> chip.calls.size() == 4);
    assertThat(chip.calls)
        .containsExactly("0 INPUT", "0 INPUT_RISING", "0 INPUT_FALLING", "0 INPUT_RISING");
    obeyed(IRQ_TYPE, 0, RISING);
    int armed = arm(0);
    guest.run(() -> chip.listener().edge(0, true));
    assertInterrupt(armed);
  }

  /** Linux takes no notice of the error, and thinks that it has let go of the line. */
  @Test
  void aLineThatTheDriverLetsGoOfWhileTheChipIsStuckIsReleasedLater_G4() throws Exception {
    obeyed(SET_DIRECTION, 1, OUT);
    chip.stuck();
    chip.begun.drainPermits();
    int read = ask(GET, 0, 0);
    chip.begun.acquire();
    Guest.await(requests.stop()); // has the call given up sooner
    Guest.await(requests.start());
    assertReply(read, 1, 0);
    assertReply(ask(SET_DIRECTION, 1, NONE), 1, 0);
    chip.permits.release(9);
    await("the line is released", () -> chip.calls.size() == 3);
    assertThat(chip.calls).containsExactly("1 OUTPUT_LOW", "0 read", "1 RELEASED");
  }

  @Test
  void whatTheHostRefusesIsAnErrorAndChangesNothing_G8() throws Exception {
    chip.failure = new IOException("line 0 (a) of it is used by 'somebody' on the host");
    try (LogWatch log = new LogWatch()) {
      List<Integer> heads = new ArrayList<>();
      heads.add(ask(SET_DIRECTION, 0, OUT));
      heads.add(ask(GET, 0, 0));
      heads.add(ask(IRQ_TYPE, 0, RISING));
      for (int head : heads) {
        assertReply(head, 1, 0);
      }
      assertThat(log.lines()).filteredOn(line -> line.contains("'somebody'")).hasSize(3);
      assertThat(log.stackTraces()).isEmpty();
    }
    chip.failure = null;
    assertReply(ask(2, 0, 0), 0, 0);
    int armed = arm(0);
    guest.run(() -> chip.listener().edge(0, true));
    guest.run(() -> {});
    assertThat(events).as("the buffer of a refused type is held").isEmpty();
    obeyed(IRQ_TYPE, 0, RISING);
    guest.run(() -> chip.listener().edge(0, true));
    assertInterrupt(armed);
  }

  /**
   * Linux takes no notice of the error, and wants the buffer when it enables the interrupt again.
   */
  @Test
  void typeNoneReturnsTheBufferWhateverTheHostSays_G6() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, RISING);
    int armed = arm(0);
    chip.failure = new IOException("line 0 (a) of it is stuck");
    assertReply(ask(IRQ_TYPE, 0, NONE), 1, 0);
    assertReturned(armed, 0);
    assertReturned(arm(0), 0);
    chip.failure = null;
    obeyed(IRQ_TYPE, 0, RISING);
    armed = arm(0);
    guest.run(() -> chip.listener().edge(0, true));
    assertInterrupt(armed);
  }

  @Test
  void aChipThatIsGoneIsLookedForUntilItIsBack() throws Exception {
    chip.stuck();
    chip.failure = new IOException("not yet");
    guest.run(() -> chip.listener().away());
    chip.begun.acquire();
    chip.permits.release();
    chip.begun.acquire();
    chip.failure = null;
    chip.permits.release(9);
    assertReply(ask(GET, 0, 0), 0, 0);
    assertThat(chip.calls).containsExactly("look", "look", "0 read");
  }

  @Test
  void aChipThatIsBackHasItsLevelsReadAnew_G5() throws Exception {
    obeyed(SET_DIRECTION, 0, IN);
    obeyed(IRQ_TYPE, 0, HIGH);
    int armed = arm(0);
    assertReply(ask(GET, 1, 0), 0, 0); // behind the reading for the interrupt
    assertThat(chip.calls).endsWith("0 read", "1 read");
    chip.isHigh = true;
    guest.run(() -> chip.listener().back());
    assertInterrupt(armed);
  }

  /** Or it would begin to listen to what happens at the lines. */
  @Test
  void aChipThatAnswersWhenItIsClosedIsNotToldOfIt() throws Exception {
    chip.stuck();
    int head = ask(GET, 0, 0);
    chip.begun.acquire();
    Guest.await(requests.stop());
    requests.collect();
    assertReply(head, 1, 0);
    Guest.await(guest.end());
    chip.permits.release(9);
    await("it is closed", () -> chip.isClosed);
    guest.run(() -> {});
    assertThat(chip.ended).hasValue(0);
  }

  /** The ring of a guest that cuts its memory while a stuck chip is asked. */
  private static GuestQueue truncatedUnderACall(InProcessGuest cut, ScriptedChip slow)
      throws Exception {
    GuestQueue ring = cut.queue(0, 0, QUEUE_BYTES, 16, 0);
    Guest.await(ring.start());
    int unused = ring.add(GpioMessages.request(GET, 0, 0), 2, Integer.MAX_VALUE);
    ring.kick();
    slow.begun.acquire();
    cut.truncate(0);
    return ring;
  }

  /** The reply faults when its value is written. */
  @Test
  void aReplyWhoseMemoryIsGoneEndsTheConnectionAndNothingElse() throws Exception {
    ScriptedChip slow = new ScriptedChip();
    slow.stuck();
    GpioDevice device = new GpioDevice("cut", new GpioPort(slow));
    try (InProcessGuest cut = InProcessGuest.create(vertx, device, QUEUE_BYTES);
        LogWatch log = new LogWatch()) {
      GuestQueue unused = truncatedUnderACall(cut, slow);
      slow.permits.release(9);
      await("the connection ends", () -> !cut.disconnects().isEmpty());
      Guest.await(cut.end());
      assertThat(log.stackTraces()).isEmpty();
    }
  }

  /** Java 25 throws at the write itself, and there is no reply by then. */
  @Test
  @Tag("jdk")
  void aCallThatEndsWhileItsRingStopsGivesTheChainBackThoughItsMemoryIsGone() throws Exception {
    ScriptedChip slow = new ScriptedChip();
    slow.stuck();
    GpioDevice device = new GpioDevice("cut", new GpioPort(slow));
    try (InProcessGuest cut = InProcessGuest.create(vertx, device, QUEUE_BYTES)) {
      GuestQueue ring = truncatedUnderACall(cut, slow);
      Future<?> stopped = ring.stop();
      slow.permits.release(9);
      Guest.await(stopped);
    }
  }

  @Test
  void theChipIsClosedWithTheDevice() throws Exception {
    Guest.await(guest.end());
    await("it is closed", () -> chip.isClosed);
  }
}
