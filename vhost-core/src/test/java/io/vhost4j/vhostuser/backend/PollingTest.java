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

  /** Plays until the ring is being polled. */
  private void playUntilPolled(Guest guest) throws Exception {
    long before = counters().polled();
    Await.until(
        "polling found a buffer",
        () -> {
          guest.play(guest.queues.get(0));
          return counters().polled() > before;
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

  @Test
  void aRingThatIsPolledCanBeStoppedDisabledAndStartedAgain() throws Exception {
    try (Guest guest = Guest.running(serve(LONG), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      playUntilPolled(guest);
      guest.enable(queue, 0);
      guest.sync();
      long buffers = counters().buffers();
      guest.submit(queue, "for later");
      Thread.sleep(2 * Polling.LONGEST.toMillis());
      assertThat(counters().buffers()).as("a disabled ring is left alone (C13)").isEqualTo(buffers);
      guest.enable(queue, 1);
      guest.awaitUsed(queue);

      playUntilPolled(guest);
      int base = guest.stop(queue);
      assertThat(base).isEqualTo((int) (counters().buffers() & 0xffff));
      guest.submit(queue, "for whoever is next");
      assertThat(queue.driver.needsKick()).as("a kick is wanted").isTrue();
      guest.start(queue, base, true);
      guest.awaitUsed(queue);
      playUntilPolled(guest);
    }
    assertThat(backend.logs().complaints()).isEmpty();
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
