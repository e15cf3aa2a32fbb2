package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class NextTurnTest {
  private final OnLoop loop = new OnLoop();

  @AfterEach
  void close() {
    loop.close();
  }

  @Test
  void descriptorsThatAreReadyComeFirst() throws Exception {
    List<String> seen = new ArrayList<>();
    CountDownLatch done = new CountDownLatch(1);
    try (EventFd ready = EventFd.create()) {
      loop.run(
          () -> {
            FdRegistration registration = ready.watch(loop.context, () -> seen.add("descriptor"));
            NextTurn turn =
                new NextTurn(
                    loop.context,
                    () -> {
                      seen.add("action");
                      registration.close();
                      done.countDown();
                    });
            turn.schedule();
            turn.schedule(); // once is enough
            ready.signal();
          });
      assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
      loop.settle();
    }
    assertThat(seen).containsExactly("descriptor", "action");
  }

  /** Schedules itself, and notes what has been allocated half way and at the end. */
  private final class Repeater {
    static final int HALF = 100_000;

    final NextTurn turn = new NextTurn(loop.context, this::run);
    final CountDownLatch done = new CountDownLatch(1);
    int count;
    long allocated;

    void run() {
      count++;
      if (count == HALF) {
        allocated = -Allocation.ofThisThread();
      }
      if (count < 2 * HALF) {
        turn.schedule();
      } else {
        allocated += Allocation.ofThisThread();
        done.countDown();
      }
    }
  }

  @Test
  void anActionThatSchedulesItselfHoldsUpNobodyAndAllocatesNothing() throws Exception {
    Repeater repeater = new Repeater();
    loop.run(repeater.turn::schedule);
    int meanwhile = loop.call(() -> repeater.count);
    assertThat(repeater.done.await(10, TimeUnit.SECONDS)).isTrue();

    assertThat(meanwhile).as("turns before another task").isLessThan(Repeater.HALF);
    assertThat(repeater.allocated).as("bytes in %d turns", Repeater.HALF).isLessThan(Repeater.HALF);
  }

  @Test
  void whatTheActionThrowsGoesToTheContext() throws Exception {
    CountDownLatch caught = new CountDownLatch(1);
    loop.context.exceptionHandler(thrown -> caught.countDown());
    loop.run(
        () ->
            new NextTurn(
                    loop.context,
                    () -> {
                      throw new IllegalStateException("as it is meant to");
                    })
                .schedule());
    assertThat(caught.await(10, TimeUnit.SECONDS)).isTrue();
  }
}
