package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many frontends come, play and vanish: descriptors, mappings and threads stay what they were
 * (E11).
 */
@Tag("jdk")
class LeakTest {
  private static final int CYCLES = 200;
  private static final int QUEUES = 2;
  private static final long SEED = 42;

  @RegisterExtension final Backend backend = new Backend();

  /** The set-up sequence, one message after the other; vanishes when the budget is used up. */
  private static final class Steps {
    private final Guest guest;
    private int left;

    Steps(Guest guest, int left) {
      this.guest = guest;
      this.left = left;
    }

    private interface Step {
      void run() throws Exception;
    }

    private Steps step(Step step) throws Exception {
      if (left > 0) {
        left--;
        step.run();
      }
      return this;
    }

    void run() throws Exception {
      step(() -> guest.negotiate(Guest.FEATURES, Guest.PROTOCOL))
          .step(this::backendChannel)
          .step(guest::shareMemory);
      for (int i = 0; i < QUEUES; i++) {
        Guest.Queue queue = guest.addQueue(0);
        step(() -> guest.call(queue, queue.call))
            .step(() -> guest.error(queue))
            .step(() -> guest.setUp(queue, 0))
            .step(() -> guest.kick(queue, queue.kick))
            .step(() -> guest.enable(queue, 1));
      }
      for (int i = 0; i < 10; i++) {
        Guest.Queue queue = guest.queues.get(i % QUEUES);
        step(() -> guest.play(queue));
      }
      // Abruptly, with buffers under way.
      step(() -> submitAndAnnounce(0)).step(() -> submitAndAnnounce(1)).step(guest::shareMemory);
      if (left > 0) {
        guest.enable(guest.queues.get(0), 0);
        guest.stop(guest.queues.get(0));
        guest.stop(guest.queues.get(1));
        guest.frontend.acked(FrontendMessage.RESET_DEVICE, Payload.EMPTY);
      }
    }

    private void submitAndAnnounce(int index) {
      guest.submit(guest.queues.get(index), "under way");
      guest.announce(guest.queues.get(index));
    }

    private void backendChannel() throws Exception {
      OwnedFd[] pair = UnixSocket.pair();
      guest.frontend.tell(FrontendMessage.SET_BACKEND_REQ_FD, Payload.EMPTY, pair[1]);
      pair[0].close();
      pair[1].close();
    }
  }

  private static int threads() {
    return ManagementFactory.getThreadMXBean().getThreadCount();
  }

  @ParameterizedTest
  @EnumSource(
      value = TestDevice.Manner.class,
      names = {"AT_ONCE", "WORKER"})
  void twoHundredFrontendsLeaveNothingBehind(TestDevice.Manner manner) throws Exception {
    TestDevice device = new TestDevice("copy", QUEUES, manner);
    Path path = backend.serve(device);
    backend.assertServes(path, QUEUES); // what is made only once is made now
    Await.until("gone", () -> !backend.lastServer().isConnected());
    Resources before = Resources.held();
    int threadsBefore = threads();
    Random random = new Random(SEED);
    int frontends = 0;
    for (int i = 0; i < CYCLES; i++) {
      boolean orderly = i % 4 == 0;
      int steps = orderly ? Integer.MAX_VALUE : random.nextInt(28);
      frontends += steps == 0 ? 0 : 1; // who says nothing is only a probe
      try (Guest guest = new Guest(path)) {
        new Steps(guest, steps).run();
      }
      if (i % 50 == 49) {
        Await.until("gone", () -> !backend.lastServer().isConnected());
        Await.eventually(Resources::held, held -> held.assertNoMoreThan(before));
      }
    }
    // Those that close descriptors last a second.
    Await.eventually(
        LeakTest::threads, count -> assertThat(count).isLessThanOrEqualTo(threadsBefore));
    backend.assertServes(path, QUEUES);
    assertThat(backend.lastServer().connections()).isEqualTo(frontends + 2);
    assertThat(backend.logs().complaints()).isEmpty();
  }
}
