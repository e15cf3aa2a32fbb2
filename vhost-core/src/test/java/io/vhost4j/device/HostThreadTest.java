package io.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vhost4j.event.OnLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HostThreadTest {
  private static final long SECONDS = 20;
  private static final long LONG_MILLIS = 1_000_000;

  private final OnLoop loop = new OnLoop();
  private final List<String> failures = new ArrayList<>();

  /** A call waits for a permit. */
  private final Semaphore permits = new Semaphore(0);

  private final Semaphore begun = new Semaphore(0);
  private final Semaphore last = new Semaphore(0);
  private final LinkedBlockingQueue<Boolean> ends = new LinkedBlockingQueue<>();
  private final Semaphore freed = new Semaphore(0);
  private final HostThread.Caller caller = new Ends();
  private volatile boolean throwsAtCall;

  private final HostThread thread = new HostThread("host-thread-test", this::call, last::release);

  HostThreadTest() throws Exception {
    loop.run(() -> thread.connected(loop.device(failures), caller));
  }

  private void call() {
    begun.release();
    permits.acquireUninterruptibly();
    if (throwsAtCall) {
      throw new IllegalStateException("as it is meant to");
    }
  }

  private final class Ends implements HostThread.Caller {
    @Override
    public void ended(boolean inTime) {
      assertThat(Vertx.currentContext()).isSameAs(loop.context);
      ends.add(inTime);
    }

    @Override
    public void free() {
      assertThat(thread.isFree()).isTrue();
      freed.release();
    }
  }

  @AfterEach
  void close() {
    permits.release(1000);
    thread.close();
    loop.close();
  }

  private void begin(long millis) throws Exception {
    loop.run(
        () -> {
          assertThat(thread.isFree()).isTrue();
          thread.call(millis);
          assertThat(thread.isFree()).isFalse();
        });
    begun.acquire();
  }

  private @Nullable Boolean end() throws InterruptedException {
    return ends.poll(SECONDS, TimeUnit.SECONDS);
  }

  private boolean isFree() throws Exception {
    return loop.call(thread::isFree);
  }

  /** Whether the thread is behind its call and waits for the next. */
  private static boolean isIdle() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(thread -> thread.getKey().getName().equals("host-thread-test"))
        .filter(thread -> thread.getKey().getState() == Thread.State.WAITING)
        .anyMatch(
            thread ->
                Stream.of(thread.getValue())
                    .map(StackTraceElement::getClassName)
                    .noneMatch(HostThreadTest.class.getName()::equals));
  }

  @Test
  void theLoopHearsOfTheEnd() throws Exception {
    for (int i = 0; i < 3; i++) {
      begin(LONG_MILLIS);
      loop.settle();
      assertThat(isFree()).isFalse();
      permits.release();
      assertThat(end()).isTrue();
      assertThat(isFree()).isTrue();
    }
    assertThat(ends).isEmpty();
    assertThat(failures).isEmpty();
  }

  @Test
  void whatTakesTooLongIsGivenUpAndThereIsNoOtherUntilItEnds() throws Exception {
    begin(1);
    assertThat(end()).isFalse();
    assertThat(isFree()).isFalse();
    permits.release();
    assertThat(freed.tryAcquire(SECONDS, TimeUnit.SECONDS)).isTrue();
    loop.settle();
    assertThat(ends).as("it is no answer any more").isEmpty();
    begin(LONG_MILLIS);
    permits.release();
    assertThat(end()).isTrue();
  }

  /** Else the next call could come between, and hide the end of this one. */
  @Test
  void itIsNotFreeBeforeTheCallerHasHeardOfThat() throws Exception {
    begin(1);
    assertThat(end()).isFalse();
    loop.run(
        () -> {
          permits.release();
          long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
          while (!isIdle() && System.nanoTime() < until) {
            Thread.onSpinWait();
          }
          assertThat(isIdle()).isTrue();
          assertThat(freed.availablePermits()).isZero();
          assertThat(thread.isFree()).isFalse();
        });
    assertThat(freed.tryAcquire(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(isFree()).isTrue();
  }

  @Test
  void whoIsInAHurryWaitsNoLonger() throws Exception {
    begin(LONG_MILLIS);
    loop.run(() -> thread.hurry(1));
    assertThat(end()).isFalse();
  }

  @Test
  void aHurryLengthensNothing() throws Exception {
    begin(1);
    loop.run(() -> thread.hurry(LONG_MILLIS));
    assertThat(end()).isFalse();
  }

  /** The next frontend finds a thread that is still with the last one's call. */
  @Test
  void aCallThatWasGivenUpConcernsNoLaterConnection() throws Exception {
    begin(1);
    assertThat(end()).isFalse();
    loop.run(() -> thread.connected(loop.device(failures), caller));
    assertThat(isFree()).isFalse();
    permits.release();
    assertThat(freed.tryAcquire(SECONDS, TimeUnit.SECONDS)).isTrue();
    begin(LONG_MILLIS);
    permits.release();
    assertThat(end()).isTrue();
    loop.settle();
    assertThat(ends).isEmpty();
    assertThat(freed.tryAcquire()).as("who was heard of in time").isFalse();
  }

  @Test
  void aCallThatThrowsEndsAsOthersDo() throws Exception {
    throwsAtCall = true;
    begin(LONG_MILLIS);
    permits.release();
    assertThat(end()).isTrue();
    throwsAtCall = false;
    begin(LONG_MILLIS);
    permits.release();
    assertThat(end()).isTrue();
  }

  @Test
  void itEndsBehindItsCall() throws Exception {
    begin(LONG_MILLIS);
    thread.close();
    assertThat(last.tryAcquire()).isFalse();
    permits.release();
    assertThat(last.tryAcquire(SECONDS, TimeUnit.SECONDS)).isTrue();
  }
}
