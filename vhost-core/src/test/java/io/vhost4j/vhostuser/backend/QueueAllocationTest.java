package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.engine.Polling;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The data path allocates nothing: kick, handler, used ring, call. */
@Tag("jdk")
class QueueAllocationTest {
  private static final int ROUNDS = 10_000;

  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  @RegisterExtension final Backend backend = new Backend();

  @ParameterizedTest(name = "polling for {0}")
  @ValueSource(strings = {"PT0S", "PT0.001S"})
  void aRoundFromKickToCallAllocatesNothingOnTheEventLoop(Duration polling) throws Exception {
    TestDevice device = new TestDevice("copy", 1, TestDevice.Manner.AT_ONCE);
    try (Guest guest = Guest.sealed(backend.serve(device, Polling.upTo(polling)))) {
      Guest.Queue queue = guest.queues.get(0);
      long loop = backend.onLoop(() -> Thread.currentThread().getId());
      rounds(guest, queue); // until everything is compiled that will be
      rounds(guest, queue);

      long before = THREADS.getThreadAllocatedBytes(loop);
      rounds(guest, queue);
      long allocated = THREADS.getThreadAllocatedBytes(loop) - before;

      assertThat(allocated)
          .as("bytes in %d rounds; less than one a round is not the rounds'", ROUNDS)
          .isLessThan(ROUNDS);
      assertThat(queue.driver.inFlight()).isZero();
    }
  }

  private static void rounds(Guest guest, Guest.Queue queue) throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      guest.submit(queue, "allocates nothing");
      guest.announce(queue);
      guest.awaitUsed(queue);
    }
  }
}
