package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.VirtioFeature;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.QueueCounters;
import io.vhost4j.nativeio.MemoryCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that looks at its rings for a while before it sleeps. */
class PollingTest {
  private static final Polling LONG = Polling.upTo(Polling.LONGEST);

  @RegisterExtension final Backend backend = new Backend();

  private QueueCounters counters() {
    return backend.lastServer().queueCounters().get(0);
  }

  private Path serve(Polling polling) throws Exception {
    return backend.serve(new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE), polling);
  }

  /** When the guest began to play the buffer that {@link #playUntilPolled} played last. */
  private long playedAt;

  /** Plays until the ring is being polled, and that for {@link Polling#LONGEST} from then on. */
  private void playUntilPolled(Guest guest) throws Exception {
    long before = counters().polled();
    Await.until(
        "polling found a buffer",
        () -> {
          playedAt = System.nanoTime();
          guest.play(guest.queues.get(0));
          return counters().polled() > before;
        });
  }

  /**
   * Does something while the ring is polled, again if that was over too soon.
   *
   * @param again makes good what was done too late
   */
  private void whilePolled(Guest guest, Callable<?> action, Callable<?> again) throws Exception {
    Await.until(
        "polling went on until the end",
        () -> {
          playUntilPolled(guest);
          action.call();
          boolean polled = System.nanoTime() - playedAt < Polling.LONGEST.toNanos();
          if (!polled) {
            again.call();
          }
          return polled;
        });
  }

  @Test
  void buffersThatFollowEachOtherAreFoundWithoutKicks() throws Exception {
    try (Guest guest = Guest.running(serve(LONG), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      Await.until(
          "a buffer comes back without a kick",
          () -> {
            playUntilPolled(guest);
            guest.submit(queue, "nobody kicks");
            boolean silent = !queue.driver.needsKick();
            if (!silent) {
              queue.kick.signal();
            }
            guest.awaitUsed(queue);
            return silent;
          });
    }
  }

  @Test
  void withoutPollingThereIsNoLookBesideThoseForKicks() throws Exception {
    try (Guest guest = Guest.running(serve(Polling.never()), 1)) {
      for (int i = 0; i < 1000; i++) {
        guest.play(guest.queues.get(0));
      }
      assertThat(counters().polls()).isZero();
      assertThat(counters().polled()).isZero();
    }
  }

  @Test
  void aRingWithoutTrafficIsNotLookedAtAndTheLoopSleeps() throws Exception {
    try (Guest guest = Guest.running(serve(LONG), 1)) {
      String thread = backend.onLoop(() -> "" + Path.of("/proc/thread-self").toRealPath());
      playUntilPolled(guest);
      Await.until(
          "nobody looks any more",
          () -> {
            long before = counters().polls();
            Thread.sleep(2 * Polling.LONGEST.toMillis());
            return counters().polls() == before;
          });

      long looks = counters().polls();
      long switches = switches(thread);
      Thread.sleep(300);
      assertThat(counters().polls()).isEqualTo(looks);
      assertThat(switches(thread) - switches)
          .as("wake-ups of the loop; Netty has one of its own in a second")
          .isLessThan(10);
      guest.play(guest.queues.get(0));
    }
  }

  private static long switches(String thread) throws Exception {
    return Files.readAllLines(Path.of(thread, "status")).stream()
        .filter(line -> line.contains("voluntary_ctxt_switches"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
        .sum();
  }

  /** Pauses end just before, just after and exactly when the loop gives up. */
  @ParameterizedTest(name = "features {0}")
  @ValueSource(longs = {Guest.FEATURES, Guest.FEATURES & ~VirtioFeature.EVENT_IDX})
  void noBufferIsForgottenAroundTheEndOfPolling(long features) throws Exception {
    long limit = 50_000;
    Random random = new Random(5);
    try (Guest guest = new Guest(serve(Polling.upTo(Duration.ofNanos(limit))))) {
      guest.negotiate(features, Guest.PROTOCOL);
      guest.shareMemory();
      Guest.Queue queue = guest.startQueue();
      for (int i = 0; i < 50_000; i++) {
        guest.submit(queue, "buffer");
        guest.announce(queue);
        guest.awaitUsed(queue);
        boolean polls = i % 20 == 0; // after so many without a pause
        long next = System.nanoTime() + (polls ? (long) (2 * limit * random.nextDouble()) : 0);
        while (System.nanoTime() < next) {
          Thread.onSpinWait();
        }
      }
      assertThat(counters().polled()).as("found by polling").isPositive();
      assertThat(counters().turns() - counters().polled()).as("kicks").isGreaterThan(1);
    }
  }

  private static int enable(Guest guest, int enable) throws Exception {
    guest.enable(guest.queues.get(0), enable);
    guest.sync();
    return enable;
  }

  private static int restart(Guest guest, int base) throws Exception {
    guest.start(guest.queues.get(0), base, true);
    return base;
  }

  @Test
  void aRingThatIsPolledCanBeStoppedDisabledAndStartedAgain() throws Exception {
    try (Guest guest = Guest.running(serve(LONG), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      whilePolled(guest, () -> enable(guest, 0), () -> enable(guest, 1));
      long buffers = counters().buffers();
      guest.submit(queue, "for later");
      Thread.sleep(2 * Polling.LONGEST.toMillis());
      assertThat(counters().buffers()).as("a disabled ring is left alone (C13)").isEqualTo(buffers);
      guest.enable(queue, 1);
      guest.awaitUsed(queue);

      int[] base = new int[1];
      whilePolled(guest, () -> base[0] = guest.stop(queue), () -> restart(guest, base[0]));
      assertThat(base[0]).isEqualTo((int) (counters().buffers() & 0xffff));
      guest.submit(queue, "for whoever is next");
      assertThat(queue.driver.needsKick()).as("a kick is wanted").isTrue();
      guest.start(queue, base[0], true);
      guest.awaitUsed(queue);
      playUntilPolled(guest);
    }
    assertThat(backend.logs().complaints()).isEmpty();
  }

  @Test
  void aRingThatBreaksUnderPollingStopsAlone() throws Exception {
    Path path = serve(LONG);
    try (Guest guest = Guest.running(path, 1)) {
      Guest.Queue queue = guest.queues.get(0);
      playUntilPolled(guest);
      new RawRing(guest, queue).index((int) counters().buffers() + 1000);
      queue.kick.signal(); // in case that polling was over
      assertThat(queue.error.await(Await.SECONDS * 1000)).as("error descriptor").isTrue();
      guest.stop(queue);
      guest.reboot(queue);
      guest.start(queue, true);
      playUntilPolled(guest);
    }
    assertThat(backend.logs().complaints()).singleElement().asString().contains("ahead in a ring");
    backend.assertServes(path, 1);
  }

  @Test
  void memoryThatIsTruncatedUnderPollingEndsTheConnectionAlone() throws Exception {
    Path path = serve(LONG);
    try (Guest guest = Guest.running(path, 1)) {
      playUntilPolled(guest);
      MemoryCalls.truncate(guest.file.number(), 0);
      guest.queues.get(0).kick.signal(); // in case that polling was over
      assertThat(guest.frontend.isHungUpOn()).isTrue();
    }
    backend.assertServes(path, 1);
  }

  @Test
  void aTimeThatCannotBeIsRefused() {
    for (Duration polling : new Duration[] {Duration.ofNanos(-1), Polling.LONGEST.plusNanos(1)}) {
      assertThatThrownBy(() -> Polling.upTo(polling))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(polling.toString());
    }
  }
}
