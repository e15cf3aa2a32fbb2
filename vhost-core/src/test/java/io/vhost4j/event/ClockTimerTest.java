package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.SystemClock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Timers of the machine's clocks. That somebody sets a clock is for a machine of its own. */
@Tag("jdk")
class ClockTimerTest {
  private static final long HOUR = 3_600_000_000_000L;

  private final OnLoop loop = new OnLoop();
  private final AtomicInteger calls = new AtomicInteger();

  @AfterEach
  void close() {
    loop.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"REALTIME", "MONOTONIC"})
  void theActionIsCalledWhenTheClockShowsTheTime(SystemClock clock) throws Exception {
    CompletableFuture<Long> called = new CompletableFuture<>();
    ClockTimer timer =
        loop.call(
            () -> ClockTimer.create(loop.context, clock, () -> called.complete(clock.nanos())));
    long time = clock.nanos() + 20_000_000;
    assertThat(loop.call(() -> timer.armAt(time))).isTrue();
    assertThat(called.get(10, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(time);
    loop.run(timer::close);
  }

  @ParameterizedTest
  @EnumSource(names = {"REALTIME", "MONOTONIC"})
  void aTimeThatHasPassedIsThereAtOnceAndEachTimeThatItIsSet(SystemClock clock) throws Exception {
    ClockTimer timer =
        loop.call(() -> ClockTimer.create(loop.context, clock, calls::incrementAndGet));
    for (long time : new long[] {0, Long.MIN_VALUE, 1, clock.nanos()}) {
      int before = calls.get();
      loop.run(() -> timer.armAt(time));
      for (int i = 0; i < 1000 && calls.get() == before; i++) {
        loop.settle();
      }
      assertThat(calls.get()).isEqualTo(before + 1);
    }
    loop.run(timer::close);
  }

  @ParameterizedTest
  @EnumSource(names = {"REALTIME", "MONOTONIC"})
  void nothingIsCalledBeforeTheTimeNorForATimeThatWasTakenBack(SystemClock clock) throws Exception {
    ClockTimer timer =
        loop.call(() -> ClockTimer.create(loop.context, clock, calls::incrementAndGet));
    loop.run(() -> timer.armAt(clock.nanos() + HOUR));
    loop.run(() -> timer.armAt(Long.MAX_VALUE));
    loop.settle();
    loop.run(
        () -> {
          timer.armAt(clock.nanos() + 5_000_000);
          timer.disarm();
        });
    Thread.sleep(20);
    loop.settle();
    assertThat(calls).hasValue(0);
    loop.run(timer::close);
  }

  @Test
  void aTimerThatIsClosedHoldsNothing() throws Exception {
    ClockTimer timer =
        loop.call(() -> ClockTimer.create(loop.context, SystemClock.REALTIME, () -> {}));
    int before = timers();
    loop.run(timer::close);
    loop.settle();
    assertThat(timers()).isEqualTo(before - 1);
  }

  /** The timerfds of this process, of which Netty has some too. */
  private static int timers() throws IOException {
    int count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : files) {
        try {
          if (Files.readSymbolicLink(file).toString().contains("timerfd")) {
            count++;
          }
        } catch (NoSuchFileException e) {
          // that of the directory itself, or another thread's
        }
      }
    }
    return count;
  }
}
