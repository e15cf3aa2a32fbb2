package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One side publishes and reads whether it has to notify, while the other enables notifications and
 * looks whether something was published: one of them must see the other (S12, S14). Without a full
 * fence on either side, both now and then read what was there before, even on x86.
 */
class FenceLitmusTest {
  private static final int ROUNDS = 10_000;
  private static final int SIZE = 16;

  private final long[] address = {1 << 16};
  private final int[] length = {4};

  /** Where the two threads meet, by spinning: they shall go on in the same instant. */
  private final AtomicInteger arrived = new AtomicInteger();

  /** Plain on purpose: a volatile store would be a fence. */
  @SuppressWarnings("unused")
  private int blackHole;

  private void meet(int times) {
    arrived.incrementAndGet();
    for (int spins = 0; arrived.get() < 2 * times; spins++) {
      if (spins < 10_000) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(1); // the other one may need this processor
      }
    }
  }

  private interface Round {
    /** Returns whether this side has seen the other. */
    boolean run() throws Exception;
  }

  /** Counts the rounds in which neither side has seen the other. */
  private int race(Round publisher, Round sleeper, Callable<?> betweenRounds) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    boolean[][] seen = new boolean[2][ROUNDS];
    try {
      CyclicBarrier start = new CyclicBarrier(2);
      Future<?> first =
          threads.submit(() -> loop(start, publisher, seen[0], new SplittableRandom(1), null));
      Future<?> second =
          threads.submit(
              () -> loop(start, sleeper, seen[1], new SplittableRandom(2), betweenRounds));
      first.get(5, TimeUnit.MINUTES);
      second.get(5, TimeUnit.MINUTES);
    } finally {
      threads.shutdownNow();
    }
    int lost = 0;
    for (int i = 0; i < ROUNDS; i++) {
      lost += seen[0][i] || seen[1][i] ? 0 : 1;
    }
    return lost;
  }

  private Void loop(
      CyclicBarrier start,
      Round round,
      boolean[] seen,
      SplittableRandom random,
      @Nullable Callable<?> betweenRounds)
      throws Exception {
    start.await();
    for (int i = 0; i < ROUNDS; i++) {
      meet(2 * i + 1);
      delay(random.nextInt(100));
      seen[i] = round.run();
      meet(2 * i + 2);
      if (betweenRounds != null) {
        betweenRounds.call();
      }
    }
    return null;
  }

  /** About as many nanoseconds. */
  private void delay(int steps) {
    int value = steps;
    for (int i = 0; i < steps; i++) {
      value = value * 31 + i;
    }
    blackHole = value;
  }

  @ParameterizedTest
  @ValueSource(longs = {0, RingFeatures.EVENT_IDX})
  void s12ACompletionIsNotifiedOrSeen(long features) throws Exception {
    try (MemoryFile file = MemoryFile.create("vhost4j-fence", 1 << 17)) {
      MemoryRegion region = new MemoryRegion(0, 1 << 17, 0, 0);
      GuestMemory front = GuestMemory.map(List.of(region), file.fd());
      GuestMemory back = GuestMemory.map(List.of(region), file.fd());
      DriverQueue driver = DriverQueue.create(front, 0, SIZE, 0, features, 0);
      SplitVirtqueue device = SplitVirtqueue.create(back, SIZE, driver.addresses(), features, 0);
      DescriptorChain[] chain = new DescriptorChain[1];
      Callable<?> refill =
          () -> {
            while (driver.poll() >= 0) {}
            driver.disableNotifications();
            driver.add(address, length, 0, 1);
            driver.publish();
            chain[0] = Objects.requireNonNull(device.next());
            return null;
          };
      refill.call();
      device.complete(chain[0], 0);
      assertThat(device.needsNotification()).as("the first one").isTrue();
      refill.call();
      int lost =
          race(
              () -> {
                device.complete(chain[0], 0);
                return device.needsNotification();
              },
              driver::enableNotifications,
              refill);
      assertThat(lost).as("rounds with a lost notification").isZero();
      device.close();
      front.release();
      back.release();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, RingFeatures.EVENT_IDX})
  void s14ABufferIsKickedOrSeen(long features) throws Exception {
    try (MemoryFile file = MemoryFile.create("vhost4j-fence", 1 << 17)) {
      MemoryRegion region = new MemoryRegion(0, 1 << 17, 0, 0);
      GuestMemory front = GuestMemory.map(List.of(region), file.fd());
      GuestMemory back = GuestMemory.map(List.of(region), file.fd());
      DriverQueue driver = DriverQueue.create(front, 0, SIZE, 0, features, 0);
      SplitVirtqueue device = SplitVirtqueue.create(back, SIZE, driver.addresses(), features, 0);
      Callable<?> drain =
          () -> {
            device.disableKicks();
            device.complete(Objects.requireNonNull(device.next()), 0);
            driver.poll();
            driver.add(address, length, 0, 1);
            return null;
          };
      driver.add(address, length, 0, 1);
      driver.publish();
      drain.call();
      int lost =
          race(
              () -> {
                driver.publish();
                return driver.needsKick();
              },
              device::enableKicks,
              drain);
      assertThat(lost).as("rounds with a lost kick").isZero();
      device.close();
      front.release();
      back.release();
    }
  }
}
