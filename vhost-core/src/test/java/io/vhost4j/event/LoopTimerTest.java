package io.vhost4j.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vhost4j.event.LoopTimer.Deadline;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class LoopTimerTest {
  private static final long MILLI = 1_000_000;
  private static final long HOUR = 3_600_000 * MILLI;

  private final OnLoop loop = new OnLoop();
  private LoopTimer timer;

  @BeforeEach
  void create() throws Exception {
    timer = loop.call(() -> LoopTimer.create(loop.context));
  }

  @AfterEach
  void close() throws Exception {
    loop.run(timer::close);
    loop.close();
  }

  @Test
  void deadlinesComeInTheOrderOfTheirTimesAndNeverEarly() throws Exception {
    int count = 200;
    List<Integer> seen = new ArrayList<>();
    List<Long> early = new ArrayList<>();
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    loop.run(
        () -> {
          Random random = new Random(1);
          long start = System.nanoTime();
          List<Integer> order = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            order.add(i);
          }
          java.util.Collections.shuffle(order, random);
          for (int i : order) {
            // Two share each time: they come in the order in which they were scheduled.
            long time = start + i / 2 * 100_000L;
            timer
                .deadline(
                    () -> {
                      seen.add(i / 2);
                      if (System.nanoTime() - time < 0) {
                        early.add(time);
                      }
                      if (seen.size() == count) {
                        done.complete(true);
                      }
                    })
                .schedule(time);
          }
        });
    done.get(10, TimeUnit.SECONDS);

    assertThat(seen).isSorted().hasSize(count);
    assertThat(early).isEmpty();
  }

  @Test
  void equalTimesKeepTheOrderOfScheduling() throws Exception {
    List<Integer> seen = new ArrayList<>();
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    loop.run(
        () -> {
          long time = System.nanoTime() + MILLI;
          for (int i = 0; i < 50; i++) {
            int number = i;
            timer.deadline(() -> seen.add(number)).schedule(time);
          }
          timer.deadline(() -> done.complete(true)).schedule(time);
        });
    done.get(10, TimeUnit.SECONDS);

    assertThat(seen).isSorted().hasSize(50);
  }

  @Test
  void aHeapThatIsScheduledAndCancelledAtRandomRunsExactlyWhatIsLeft() throws Exception {
    int count = 300;
    boolean[] expected = new boolean[count];
    int[] runs = new int[count];
    long[] times = new long[count];
    List<Long> seen = new ArrayList<>();
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    loop.run(
        () -> {
          Random random = new Random(2);
          Deadline[] deadlines = new Deadline[count];
          for (int i = 0; i < count; i++) {
            int number = i;
            deadlines[i] =
                timer.deadline(
                    () -> {
                      runs[number]++;
                      seen.add(times[number]);
                    });
          }
          long start = System.nanoTime();
          for (int step = 0; step < 5000; step++) {
            int i = random.nextInt(count);
            expected[i] = random.nextInt(3) > 0;
            if (expected[i]) {
              times[i] = start + random.nextInt((int) (30 * MILLI));
              deadlines[i].schedule(times[i]);
            } else {
              deadlines[i].cancel();
            }
            assertThat(deadlines[i].isScheduled()).isEqualTo(expected[i]);
          }
          timer.deadline(() -> done.complete(true)).schedule(start + 31 * MILLI);
        });
    done.get(10, TimeUnit.SECONDS);

    assertThat(seen).isSorted();
    for (int i = 0; i < count; i++) {
      assertThat(runs[i]).as("deadline %d", i).isEqualTo(expected[i] ? 1 : 0);
    }
  }

  @Test
  void nothingScheduledMeansNoWakeUps() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    loop.run(
        () -> {
          Deadline first = timer.deadline(runs::incrementAndGet);
          Deadline second = timer.deadline(runs::incrementAndGet);
          first.schedule(System.nanoTime() + 5 * MILLI);
          second.schedule(System.nanoTime() + 6 * MILLI);
          first.cancel();
          second.cancel();
        });
    Thread.sleep(20);

    assertThat(loop.call(timer::wakeUps)).isZero();
    assertThat(runs).hasValue(0);
  }

  @Test
  void aPeriodicDeadlineWakesTheLoopOncePerPeriod() throws Exception {
    CompletableFuture<Long> wakeUps = new CompletableFuture<>();
    loop.run(
        () -> {
          Deadline[] periodic = new Deadline[1];
          long start = System.nanoTime();
          int[] runs = new int[1];
          periodic[0] =
              timer.deadline(
                  () -> {
                    if (++runs[0] == 20) {
                      wakeUps.complete(timer.wakeUps());
                    } else {
                      periodic[0].schedule(start + (runs[0] + 1) * MILLI);
                    }
                  });
          periodic[0].schedule(start + MILLI);
        });

    assertThat(wakeUps.get(10, TimeUnit.SECONDS)).isLessThanOrEqualTo(20);
  }

  @Test
  void aDeadlineThatAlwaysComesBackAtOnceDoesNotStarveTheLoop() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    AtomicInteger others = new AtomicInteger();
    Deadline[] greedy = new Deadline[1];
    loop.run(
        () -> {
          greedy[0] =
              timer.deadline(
                  () -> {
                    runs.incrementAndGet();
                    greedy[0].schedule(System.nanoTime() - HOUR);
                  });
          timer.deadline(others::incrementAndGet).schedule(System.nanoTime());
          greedy[0].schedule(System.nanoTime() - HOUR);
        });
    loop.settle();
    loop.run(() -> greedy[0].cancel());

    assertThat(runs.get()).isGreaterThan(1);
    assertThat(others).hasValue(1);
  }

  @Test
  void anActionThatThrowsIsReportedAndTheNextOnesRun() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    CompletableFuture<Vertx> next = new CompletableFuture<>();
    loop.context.exceptionHandler(t -> failures.incrementAndGet());
    loop.run(
        () -> {
          long time = System.nanoTime();
          timer
              .deadline(
                  () -> {
                    throw new AssertionError("thrown by an action, as it should be");
                  })
              .schedule(time);
          timer.deadline(() -> next.complete(Vertx.currentContext().owner())).schedule(time);
        });

    assertThat(next.get(10, TimeUnit.SECONDS)).isSameAs(loop.vertx);
    assertThat(failures).hasValue(1);
  }

  @Test
  void schedulingAndCancellingAllocateNothing() throws Exception {
    int rounds = 20_000;
    long allocated =
        loop.call(
            () -> {
              Deadline[] deadlines = new Deadline[16];
              for (int i = 0; i < deadlines.length; i++) {
                deadlines[i] = timer.deadline(() -> {});
              }
              scheduleAndCancel(deadlines, rounds);
              long before = Allocation.ofThisThread();
              scheduleAndCancel(deadlines, rounds);
              return Allocation.ofThisThread() - before;
            });
    // The compiler may account for a little at any moment; one object per call would be 300 kB.
    assertThat(allocated).isLessThan(rounds);
  }

  private static void scheduleAndCancel(Deadline[] deadlines, int rounds) {
    long start = System.nanoTime() + 1000 * MILLI;
    for (int i = 0; i < rounds; i++) {
      Deadline deadline = deadlines[i * 7 % deadlines.length];
      deadline.schedule(start - i * 1000L);
      if (i % 3 == 0) {
        deadlines[i * 5 % deadlines.length].cancel();
      }
    }
    for (Deadline deadline : deadlines) {
      deadline.cancel();
    }
  }
}
