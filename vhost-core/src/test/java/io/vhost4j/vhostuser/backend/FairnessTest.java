package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.QueueCounters;
import io.vhost4j.virtqueue.VirtqueueException;
import io.vhost4j.virtqueue.VringAddresses;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Devices share an event loop: none may keep it to itself. */
@ParameterizedClass
@MethodSource("io.vhost4j.vhostuser.backend.Backend#pollings")
class FairnessTest {
  private static final int ROUNDS = 200;

  @RegisterExtension final Backend backend;

  FairnessTest(Polling polling) {
    backend = new Backend(polling);
  }

  /**
   * A driver so quick that whenever a buffer has been used, the ring is full again: the event loop
   * itself plays it. From time to time it also kicks another device, and then counts how many turns
   * the flooded queue gets before that is served.
   */
  private static final class Flood {
    private final ByteBuffer avail;
    private final ByteBuffer used;
    private final QueueCounters counters;
    private final Guest neighbour;
    private final Guest.Queue neighbours;
    private boolean kicked;
    private long turnsAtKick;
    private volatile long longestWait;
    private final AtomicInteger served = new AtomicInteger();

    Flood(Guest guest, QueueCounters counters, Guest neighbour) {
      VringAddresses at = guest.queues.get(0).driver.addresses();
      avail = slice(guest, at.availRing());
      used = slice(guest, at.usedRing());
      new RawRing(guest, guest.queues.get(0)).descriptor(0, Guest.request(0), 16, 0, 0);
      this.counters = counters;
      this.neighbour = neighbour;
      this.neighbours = neighbour.queues.get(0);
    }

    private static ByteBuffer slice(Guest guest, long userAddress) {
      long address = userAddress - Guest.USER + Guest.BASE;
      return Objects.requireNonNull(guest.memory.slice(address, 4));
    }

    void refill() {
      avail.putShort(2, (short) (used.getShort(2) + Guest.RING_SIZE));
    }

    void afterEachBuffer() {
      refill();
      if (!kicked && counters.buffers() % 1000 == 0) {
        takeBack();
        neighbour.submit(neighbours, "from the neighbour");
        neighbours.kick.signal();
        turnsAtKick = counters.turns();
        kicked = true;
      }
    }

    private void takeBack() {
      try {
        while (neighbours.driver.poll() >= 0) {
          // only to have room
        }
      } catch (VirtqueueException e) {
        throw new AssertionError(e);
      }
    }

    void neighbourIsServed() {
      if (kicked) {
        kicked = false;
        longestWait = Math.max(longestWait, counters.turns() - turnsAtKick);
        served.incrementAndGet();
      }
    }
  }

  /** What a turn of the queue has taken, by the counters; asked on the event loop. */
  private static final class LongestTurn {
    private final QueueCounters counters;
    private long turn;
    private long stepsBefore;
    private long buffersBefore;
    private volatile long steps;
    private volatile long buffers;

    LongestTurn(QueueCounters counters) {
      this.counters = counters;
    }

    void afterEachBuffer() {
      if (counters.turns() != turn) {
        turn = counters.turns();
        stepsBefore = counters.steps();
        buffersBefore = counters.buffers();
      }
      steps = Math.max(steps, counters.steps() - stepsBefore);
      buffers = Math.max(buffers, counters.buffers() - buffersBefore);
    }
  }

  @Test
  void aTurnIsBoundedInDescriptorsNotOnlyInBuffers() throws Exception {
    TestDevice device = new TestDevice("worked", 1, TestDevice.Manner.AT_ONCE);
    Path path = backend.serve(device);
    QueueCounters counters = backend.lastServer().queueCounters().get(0);
    LongestTurn longest = new LongestTurn(counters);
    device.afterEachBuffer = longest::afterEachBuffer;
    try (Guest guest = new Guest(path)) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      guest.shareMemory();
      Guest.Queue queue = guest.addQueue(0, 256);
      guest.start(queue, true);
      RawRing ring = new RawRing(guest, queue);
      int entries = 1024; // of which no two lie together: as many pieces
      for (int i = 0; i < entries; i++) {
        int next = i < entries - 1 ? RawRing.NEXT : 0;
        ring.tableEntry(i, Guest.request(0) + (i & 1) * 64L, 1, next, i + 1);
      }
      for (int i = 0; i < 256; i++) {
        ring.descriptor(i, RawRing.TABLE, 16L * entries, RawRing.INDIRECT, 0);
        ring.offer(i);
      }
      queue.kick.signal();
      Await.until("all buffers taken", () -> counters.buffers() == 256);
      backend.settle();
      assertThat(counters.steps())
          .as("each entry and piece, and what points to the table")
          .isEqualTo(256L * (2 * entries + 1));
      assertThat(longest.steps)
          .as("steps of a turn")
          .isLessThan(EngineQueue.STEPS_PER_TURN + 2 * entries + 1);
    }
  }

  @Test
  void aDeviceThatTakesBuffersOutsideOfTurnsGetsNoMoreThanInOne() throws Exception {
    TestDevice device = new TestDevice("pulls", 1, TestDevice.Manner.AT_ONCE);
    try (Guest guest = Guest.running(backend.serve(device), 1)) {
      Guest.Queue queue = guest.queues.get(0);
      guest.sync();
      backend.settle();
      int most = 1000;
      int taken =
          backend.onLoop(
              () -> {
                for (int i = 0; i < most; i++) {
                  guest.submit(queue, "just after the last one was used");
                  device.pull(0);
                  if (queue.driver.poll() < 0) {
                    return i;
                  }
                }
                return most;
              });
      assertThat(taken).isBetween(1, 256);
      Await.until("the rest has a turn of its own", () -> queue.driver.poll() >= 0);
    }
  }

  @Test
  void aDriverThatFloodsOneQueueDoesNotStarveAnotherDevice() throws Exception {
    TestDevice flooded = new TestDevice("flooded", 2, TestDevice.Manner.AT_ONCE);
    TestDevice other = new TestDevice("other", 1, TestDevice.Manner.AT_ONCE);
    Path otherPath = backend.serve(other);
    Path path = backend.serve(flooded);
    QueueCounters counters = backend.lastServer().queueCounters().get(0);
    try (Guest neighbour = Guest.running(otherPath, 1);
        Guest guest = Guest.running(path, 2)) {
      neighbour.sync();
      guest.sync();
      Flood flood = new Flood(guest, counters, neighbour);
      flooded.afterEachBuffer = flood::afterEachBuffer;
      other.inAvailable = flood::neighbourIsServed;
      flood.refill();
      guest.queues.get(0).kick.signal();
      try {
        Await.until("the neighbour has been served often", () -> flood.served.get() >= ROUNDS);
        guest.play(guest.queues.get(1)); // the other queue of the same device as well
        guest.sync(); // and messages
      } finally {
        flooded.afterEachBuffer = null;
        backend.settle(); // its memory is about to be unmapped
      }
      assertThat(flood.longestWait).as("turns of the flooded queue first").isLessThanOrEqualTo(2);
      guest.play(guest.queues.get(1));
    }
    assertThat(backend.logs().complaints()).isEmpty();
    backend.assertServes(path, 2);
  }
}
