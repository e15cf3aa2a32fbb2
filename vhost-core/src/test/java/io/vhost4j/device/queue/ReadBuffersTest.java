package io.vhost4j.device.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.queue.TestRing.Used;
import io.vhost4j.event.Allocation;
import io.vhost4j.virtqueue.ChainReader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ReadBuffersTest {
  private static final int ROUNDS = 10_000;

  /** Takes as many bytes as it is allowed to. */
  private static final class Bytes implements ReadBuffers.Sink {
    final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    long room = Long.MAX_VALUE;

    @Override
    public boolean take(ChainReader buffer) {
      while (buffer.remaining() > 0 && room > 0) {
        taken.write(buffer.readByte());
        room--;
      }
      return buffer.remaining() == 0;
    }
  }

  private final Bytes sink = new Bytes();
  private final ReadBuffers handler = new ReadBuffers(sink);

  private static byte[] bytes(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private void allow(long more) {
    sink.room = more;
    handler.resume();
  }

  @Test
  void buffersAreReadInTheirOrderAndComeBackWithNothingWritten() throws Exception {
    try (TestRing ring = new TestRing(8, handler)) {
      ring.start();
      ring.send(bytes(1, 100), 0);
      ring.send(bytes(2, 300), 16, 70);
      ring.send(new byte[0], 16);
      assertThat(sink.taken.toByteArray()).isEqualTo(joined(bytes(1, 100), bytes(2, 300)));
      assertThat(ring.used).extracting(Used::length).containsExactly(0, 0, 0);
    }
  }

  @Test
  void whatThereIsNoRoomForWaitsInTheRing() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      ring.start();
      sink.room = 150;
      for (int i = 0; i < 5; i++) {
        ring.send(bytes(i, 100), 0);
      }
      assertThat(ring.used).hasSize(1);
      assertThat(ring.inFlight()).as("out of the ring").isEqualTo(1);
      assertThat(ring.free()).as("the driver waits").isZero();
      assertThat(handler.isHolding()).isTrue();
      allow(49);
      assertThat(ring.used).hasSize(1);
      allow(1);
      assertThat(ring.used).hasSize(2);
      allow(1000);
      assertThat(ring.used).hasSize(5);
      assertThat(handler.isHolding()).isFalse();
      assertThat(sink.taken.toByteArray())
          .isEqualTo(
              joined(bytes(0, 100), bytes(1, 100), bytes(2, 100), bytes(3, 100), bytes(4, 100)));
    }
  }

  /** F8. */
  @Test
  void aPauseGoesOnBehindWhatWasTaken() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      ring.start();
      sink.room = 30;
      ring.send(bytes(1, 100), 0);
      ring.send(bytes(2, 100), 0);
      for (int pause = 0; pause < 2; pause++) { // the second one before any more is taken
        assertThat(ring.stop().succeeded()).isTrue();
        allow(0);
        ring.start();
      }
      assertThat(ring.used).isEmpty();
      allow(1000);
      assertThat(sink.taken.toByteArray()).isEqualTo(joined(bytes(1, 100), bytes(2, 100)));
      assertThat(ring.used).hasSize(2);
    }
  }

  /** F8. */
  @Test
  void afterAResetABufferIsReadFromItsStart() throws Exception {
    try (TestRing ring = new TestRing(4, handler)) {
      ring.start();
      sink.room = 30;
      ring.send(bytes(1, 100), 0);
      assertThat(ring.stop().succeeded()).isTrue();
      handler.reset();
      sink.taken.reset();
      ring.start();
      allow(1000);
      assertThat(sink.taken.toByteArray()).isEqualTo(bytes(1, 100));
    }
  }

  @Test
  void aBufferThatHasBecomeShorterMeanwhileIsReadToItsEnd() throws Exception {
    List<Long> seen = new ArrayList<>();
    ReadBuffers[] shorter = new ReadBuffers[1];
    shorter[0] =
        new ReadBuffers(
            buffer -> {
              seen.add(buffer.remaining());
              buffer.position(Math.min(50, buffer.size()));
              return seen.size() > 1;
            });
    try (TestRing ring = new TestRing(4, shorter[0])) {
      ring.start();
      ring.send(bytes(1, 100), 0);
      assertThat(ring.stop().succeeded()).isTrue();
      shorter[0].started(ring);
      ring.start();
      assertThat(seen).containsExactly(100L, 50L);
    }
  }

  @Test
  void aSinkThatFindsRoomWhileItIsAskedIsNotAskedWithinItself() throws Exception {
    ReadBuffers[] asking = new ReadBuffers[1];
    int[] depth = new int[2];
    asking[0] =
        new ReadBuffers(
            buffer -> {
              depth[1] = Math.max(depth[1], ++depth[0]);
              asking[0].resume();
              depth[0]--;
              return true;
            });
    try (TestRing ring = new TestRing(4, asking[0])) {
      ring.start();
      ring.send(bytes(1, 10), 0);
      ring.send(bytes(2, 10), 0);
      assertThat(ring.used).hasSize(2);
      assertThat(depth[1]).isEqualTo(1);
    }
  }

  /** Keeps what comes in a ring of bytes, which a reader empties a little at a time. */
  @Property(tries = 200)
  void everyByteGoesThroughARing(
      @ForAll @IntRange(min = 1, max = 300) int capacity, @ForAll long seed) throws Exception {
    Random random = new Random(seed);
    ByteRing kept = new ByteRing(capacity);
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    ReadBuffers filling =
        new ReadBuffers(
            buffer -> {
              int most = 1 + random.nextInt(capacity);
              assertThat(kept.fill(buffer, most)).isBetween(0, most);
              return buffer.remaining() == 0;
            });
    try (TestRing ring = new TestRing(512, filling)) {
      ring.start();
      for (int i = 0; i < 40 || read.size() < sent.size(); i++) {
        if (i < 40 && ring.free() == 512) {
          byte[] next = bytes(i, random.nextInt(400));
          sent.writeBytes(next);
          ring.send(next, 1, 1 + random.nextInt(100));
        }
        ByteBuffer oldest = kept.oldest();
        assertThat(oldest.remaining()).isLessThanOrEqualTo(kept.size());
        assertThat(oldest.hasRemaining()).isEqualTo(kept.size() > 0);
        int count = random.nextInt(oldest.remaining() + 1);
        byte[] some = new byte[count];
        oldest.get(some);
        read.writeBytes(some);
        kept.drop(count);
        assertThat(kept.size() + kept.room()).isEqualTo(capacity);
        filling.resume();
      }
    }
    assertThat(read.toByteArray()).isEqualTo(sent.toByteArray());
  }

  @Test
  void aBufferAllocatesNothing() throws Exception {
    ByteRing kept = new ByteRing(1 << 16);
    ReadBuffers filling =
        new ReadBuffers(
            buffer -> {
              int unused = kept.fill(buffer, 1 << 16);
              kept.drop(kept.oldest().remaining());
              return buffer.remaining() == 0;
            });
    try (TestRing ring = new TestRing(8, filling)) {
      ring.start();
      long allocated = Long.MAX_VALUE;
      for (int round = 0; round < 10 && allocated > ROUNDS; round++) { // until it is compiled
        long before = Allocation.ofThisThread();
        for (int i = 0; i < ROUNDS; i++) {
          ring.sendLean(1000, 0);
          filling.resume();
        }
        allocated = Allocation.ofThisThread() - before;
      }
      assertThat(allocated).as("bytes for %d buffers", ROUNDS).isLessThan(ROUNDS);
    }
  }
}
