package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.OwnedFd;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class FdRegistrationTest {
  private final OnLoop loop = new OnLoop();

  @AfterEach
  void close() throws Exception {
    loop.close();
  }

  @Test
  void eachSignalOfAnEventFdCallsTheHandlerInItsContextWithoutTheCounterBeingRead()
      throws Exception {
    Context queue = NativeTransport.newLoop(loop.vertx);
    EventFd kick = EventFd.create();
    AtomicInteger calls = new AtomicInteger();
    AtomicReference<Context> seen = new AtomicReference<>();
    loop.run(
        () ->
            kick.watch(
                queue,
                () -> {
                  seen.set(Vertx.currentContext());
                  calls.incrementAndGet();
                }));

    for (int i = 1; i <= 100; i++) {
      kick.signal();
      loop.settle();
      assertThat(calls).hasValue(i);
    }
    assertThat(seen.get()).isSameAs(queue).isNotSameAs(loop.context);
  }

  @Test
  void aSignalFromBeforeTheRegistrationIsDelivered() throws Exception {
    EventFd kick = EventFd.create();
    kick.signal();
    CountDownLatch called = new CountDownLatch(1);

    loop.run(() -> kick.watch(loop.context, called::countDown));

    assertThat(called.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aThrowingHandlerNeitherStallsTheLoopNorLosesTheKickOfAnother() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    loop.context.exceptionHandler(t -> failures.incrementAndGet());
    EventFd[] kicks = new EventFd[8];
    AtomicInteger calls = new AtomicInteger();
    for (int i = 0; i < kicks.length; i++) {
      kicks[i] = EventFd.create();
      FdRegistration.Handler handler =
          i % 2 == 0
              ? () -> {
                throw new AssertionError("thrown by a handler, as it should be");
              }
              : calls::incrementAndGet;
      EventFd kick = kicks[i];
      loop.run(() -> kick.watch(loop.context, handler));
    }

    // All of them become ready in one turn of the loop, so that they make one batch.
    loop.run(
        () -> {
          for (EventFd kick : kicks) {
            kick.signal();
          }
        });
    loop.settle();

    assertThat(failures).hasValue(4);
    assertThat(calls).hasValue(4);
  }

  @Test
  void aClosedRegistrationIsSilentThoughAnotherHolderOfTheFileSignals() throws Exception {
    EventFd kick = EventFd.create();
    AtomicInteger calls = new AtomicInteger();
    try (EventFd held = EventFd.adopt(kick.fd().duplicate())) {
      FdRegistration registration =
          loop.call(
              () ->
                  FdRegistration.open(
                      loop.context, kick.fd(), Interest.READ_LEVEL, calls::incrementAndGet));
      int number = kick.fd().number();
      loop.run(registration::close);
      assertThat(kick.fd().isOpen()).isFalse();

      held.signal();
      // The number is used again by the next file: its handler must not hear of the old one.
      AtomicInteger callsOfNext = new AtomicInteger();
      EventFd next = EventFd.create();
      assertThat(next.fd().number()).isEqualTo(number);
      loop.run(() -> next.watch(loop.context, callsOfNext::incrementAndGet));
      loop.settle();

      assertThat(calls).hasValue(0);
      assertThat(callsOfNext).hasValue(0);
      next.signal();
      loop.settle();
      assertThat(callsOfNext).hasValue(1);
    }
  }

  @Test
  void aPausedRegistrationDeliversWhatCameMeanwhileAfterItIsResumed() throws Exception {
    EventFd kick = EventFd.create();
    AtomicInteger calls = new AtomicInteger();
    FdRegistration registration = loop.call(() -> kick.watch(loop.context, calls::incrementAndGet));
    loop.run(() -> registration.interest(Interest.PAUSED));
    kick.signal();
    loop.settle();
    assertThat(calls).hasValue(0);

    loop.run(() -> registration.interest(Interest.READ_EDGE));
    loop.settle();

    assertThat(calls).hasValue(1);
  }

  @Test
  void aFileThatEpollRefusesIsClosed() throws Exception {
    OwnedFd file = TestFiles.regularFile();

    loop.run(
        () ->
            org.assertj.core.api.Assertions.assertThatThrownBy(
                    () -> FdRegistration.open(loop.context, file, Interest.READ_LEVEL, () -> {}))
                .isInstanceOf(java.io.IOException.class));

    assertThat(file.isOpen()).isFalse();
  }

  @Test
  void aKickAndASignalAllocateNothing() throws Exception {
    // Each of the two eventfds signals the other: the loop does nothing else.
    EventFd ping = EventFd.create();
    EventFd pong = EventFd.create();
    int rounds = 20_000;
    long[] marks = new long[2];
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(1);
    loop.run(() -> ping.watch(loop.context, pong::signal));
    loop.run(
        () ->
            pong.watch(
                loop.context,
                () -> {
                  int call = calls.incrementAndGet();
                  if (call == rounds || call == 2 * rounds) {
                    marks[call / rounds - 1] = Allocation.ofThisThread();
                  }
                  if (call == 2 * rounds) {
                    done.countDown();
                  } else {
                    ping.signal();
                  }
                }));
    ping.signal();

    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(marks[1] - marks[0]).isLessThan(rounds);
  }
}
