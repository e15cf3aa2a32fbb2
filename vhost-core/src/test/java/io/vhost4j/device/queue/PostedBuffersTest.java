package io.vhost4j.device.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.queue.TestRing.Used;
import io.vhost4j.event.Allocation;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PostedBuffersTest {
  private static final byte[] NOTHING = {};
  private static final int ROUNDS = 10_000;

  /** Events that wait, and what has become of them. */
  private static final class Events implements PostedBuffers.Source {
    final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    final List<byte[]> told = new ArrayList<>();

    @Override
    public int fill(ChainWriter buffer) {
      while (!waiting.isEmpty()) {
        byte[] event = waiting.remove();
        if (event.length <= buffer.size()) {
          buffer.write(ByteBuffer.wrap(event));
          told.add(event);
          return event.length;
        }
      }
      return 0;
    }
  }

  private final Events events = new Events();
  private final PostedBuffers handler = new PostedBuffers(events);

  private static byte[] event(int seed, int length) {
    byte[] event = new byte[length];
    new Random(seed).nextBytes(event);
    return event;
  }

  private void tell(byte[] event) {
    events.waiting.add(event);
    handler.fill();
  }

  private static List<byte[]> contents(TestRing ring) {
    return ring.used.stream().map(Used::bytes).toList();
  }

  @Test
  void anEventThatComesFirstWaitsForABuffer() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      tell(event(1, 8));
      ring.start();
      tell(event(2, 8));
      assertThat(ring.used).isEmpty();
      ring.send(NOTHING, 16);
      assertThat(contents(ring)).containsExactly(event(1, 8));
      ring.send(NOTHING, 16);
      assertThat(contents(ring)).containsExactly(event(1, 8), event(2, 8));
    }
  }

  @Test
  void aBufferThatComesFirstWaitsForAnEvent() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      ring.start();
      ring.send(NOTHING, 16);
      ring.send(NOTHING, 16);
      assertThat(ring.used).isEmpty();
      tell(event(1, 8));
      assertThat(contents(ring)).containsExactly(event(1, 8));
      tell(event(2, 16));
      assertThat(contents(ring)).containsExactly(event(1, 8), event(2, 16));
    }
  }

  /** H7. */
  @Test
  void anEventTakesOneBufferAndLeavesTheOthers() throws Exception {
    try (TestRing ring = new TestRing(8, handler)) {
      ring.start();
      for (int i = 0; i < 8; i++) {
        ring.send(NOTHING, 16);
        assertThat(ring.inFlight()).as("out of the ring").isLessThanOrEqualTo(1);
      }
      tell(event(1, 8));
      assertThat(ring.used).hasSize(1);
      assertThat(ring.driverInFlight()).isEqualTo(7);
      for (int i = 2; i < 9; i++) {
        tell(event(i, 8));
      }
      assertThat(contents(ring)).hasSize(8).last().isEqualTo(event(8, 8));
    }
  }

  /** F8, C18. */
  @Test
  void aPauseKeepsEveryBuffer() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      ring.start();
      for (int i = 0; i < 3; i++) {
        ring.send(NOTHING, 16);
      }
      tell(event(1, 8));
      assertThat(ring.stop().succeeded()).isTrue();
      tell(event(2, 8)); // for the ring when it runs again
      assertThat(ring.used).hasSize(1);
      ring.start();
      tell(event(3, 8));
      assertThat(contents(ring)).containsExactly(event(1, 8), event(2, 8), event(3, 8));
      assertThat(ring.used).allMatch(used -> used.length() > 0);
    }
  }

  @Test
  void aBufferWithoutRoomGoesBackAndTheQueueGoesOn() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      ring.start();
      ring.send(new byte[3], 0);
      assertThat(ring.used).hasSize(1);
      assertThat(ring.used.get(0).length()).isZero();
      ring.send(new byte[3], 16);
      tell(event(1, 8));
      assertThat(ring.used).hasSize(2);
      assertThat(ring.used.get(1).bytes()).isEqualTo(event(1, 8));
    }
  }

  /** R2: Linux's hwrng waits for ever if one comes back empty. */
  @Test
  void aSourceThatThrowsKeepsTheBufferForTheNextStart() throws Exception {
    boolean[] throwing = {true};
    PostedBuffers broken =
        new PostedBuffers(
            buffer -> {
              if (throwing[0]) {
                buffer.writeInt(1);
                throw new IllegalStateException("as it is meant to");
              }
              buffer.writeLong(7);
              return Long.BYTES;
            });
    try (TestRing ring = new TestRing(4, broken)) {
      ring.start();
      assertThatThrownBy(() -> ring.send(NOTHING, 16)).hasMessage("as it is meant to");
      assertThat(ring.stop().succeeded()).isTrue();
      assertThat(ring.inFlight()).isZero();
      throwing[0] = false;
      ring.start();
      assertThat(contents(ring)).containsExactly(new byte[] {7, 0, 0, 0, 0, 0, 0, 0});
    }
  }

  @Test
  void aBufferThatWasKeptIsFilledFromItsStart() throws Exception {
    boolean[] throwing = {true};
    PostedBuffers broken =
        new PostedBuffers(
            buffer -> {
              buffer.writeLong(7);
              if (throwing[0]) {
                throw new IllegalStateException("as it is meant to");
              }
              return Long.BYTES;
            });
    try (TestRing ring = new TestRing(4, broken)) {
      ring.start();
      assertThatThrownBy(() -> ring.send(NOTHING, Long.BYTES)).hasMessage("as it is meant to");
      throwing[0] = false;
      broken.fill();
      assertThat(contents(ring)).containsExactly(new byte[] {7, 0, 0, 0, 0, 0, 0, 0});
    }
  }

  /** Whatever the order, no event is lost, told twice or overtaken, and no buffer stays behind. */
  @Property(tries = 200)
  void everyEventThatFitsIsToldOnceAndInOrder(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int pieceBytes) throws Exception {
    Random random = new Random(seed);
    Events mine = new Events();
    PostedBuffers queue = new PostedBuffers(mine);
    boolean runs = false;
    try (TestRing ring = new TestRing(16, queue)) {
      for (int i = 0; i < 200; i++) {
        ring.takesAtMost = 1 + random.nextInt(4);
        switch (random.nextInt(10)) {
          case 0 -> {
            if (runs) {
              assertThat(ring.stop().succeeded()).isTrue();
            } else {
              ring.start();
            }
            runs = !runs;
          }
          case 1, 2, 3, 4, 5 -> {
            mine.waiting.add(event(i, 1 + random.nextInt(40)));
            queue.fill();
          }
          default -> {
            if (runs && ring.free() > 8) {
              int room = 1 + random.nextInt(4 * pieceBytes);
              ring.send(new byte[random.nextInt(2 * pieceBytes)], room, pieceBytes);
            }
          }
        }
      }
      ring.takesAtMost = Integer.MAX_VALUE;
      if (!runs) {
        ring.start();
      }
      ring.turn();
      assertThat(contents(ring)).containsExactlyElementsOf(mine.told);
      assertThat(ring.used).allMatch(used -> used.length() > 0);
      assertThat(mine.waiting.isEmpty() || ring.driverInFlight() == 0)
          .as("events wait only if there is no buffer")
          .isTrue();
      assertThat(ring.inFlight()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void anEventAllocatesNothing() throws Exception {
    PostedBuffers lean =
        new PostedBuffers(
            new PostedBuffers.Source() {
              private boolean due;

              @Override
              public int fill(ChainWriter buffer) {
                due = !due;
                if (due) {
                  return 0;
                }
                buffer.writeLong(7);
                return Long.BYTES;
              }

              @Override
              public boolean fits(DescriptorChain buffer) {
                return buffer.writer().size() >= Long.BYTES;
              }
            });
    try (TestRing ring = new TestRing(4, lean)) {
      ring.start();
      long before = 0;
      for (int i = -ROUNDS; i < ROUNDS; i++) {
        if (i == 0) {
          before = Allocation.ofThisThread();
        }
        ring.sendLean(0, 16);
        lean.fill();
      }
      assertThat(Allocation.ofThisThread() - before).isLessThan(ROUNDS);
      assertThat(ring.leanBack).isEqualTo(2 * ROUNDS);
    }
  }
}
