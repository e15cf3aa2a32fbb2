package io.vhost4j.device.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vhost4j.event.Allocation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestQueueTest {
  private static final int HEADER = 8;
  private static final int ROUNDS = 10_000;
  private static final long STATUS = 0x0102;

  /** Keeps requests until it is told to reply: with the whole request, as far as it fits. */
  private static final class Keeper implements RequestQueue.Handler {
    final List<Request> kept = new ArrayList<>();
    final List<byte[]> seen = new ArrayList<>();
    final List<Long> replied = new ArrayList<>();
    boolean repliesAtOnce;
    boolean givesUpAtStop;
    boolean leavesAtStop;
    boolean throwsAtReply;

    @Override
    public void handle(Request request) {
      ByteBuffer whole =
          ByteBuffer.allocate(request.header().remaining() + (int) request.reader().remaining());
      whole.put(request.header().duplicate());
      request.reader().read(whole);
      seen.add(whole.array());
      kept.add(request);
      if (repliesAtOnce) {
        reply(kept.size() - 1);
      }
    }

    void reply(int which) {
      Request request = kept.remove(which);
      ByteBuffer header = request.header();
      int length = (int) Math.min(header.limit(), request.room());
      request.writer().write(header.duplicate().limit(length));
      request.reply(STATUS);
    }

    @Override
    public void stopping(Request request) {
      if (givesUpAtStop) {
        request.reply(STATUS);
      }
      while (leavesAtStop && !kept.isEmpty()) {
        Request latest = kept.remove(kept.size() - 1);
        if (!latest.putBack()) {
          latest.reply(STATUS);
        }
      }
    }

    @Override
    public void replied(long status) {
      replied.add(status);
      if (throwsAtReply) {
        throwsAtReply = false;
        throw new IllegalStateException("as it is meant to");
      }
    }
  }

  private final Keeper keeper = new Keeper();

  private RequestQueue queue(StatusPlace place, int bound) {
    return new RequestQueue(HEADER, 2, place, bound, keeper);
  }

  private static byte[] bytes(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest(name = "descriptors of {0} bytes")
  @ValueSource(ints = {1, 2, 3, 7, 100})
  void v4DescriptorsMakeNoDifference(int pieceBytes) throws Exception {
    keeper.repliesAtOnce = true;
    try (TestRing ring = new TestRing(64, queue(StatusPlace.FIRST, 4))) {
      ring.start();
      byte[] request = bytes(1, 20);
      ring.send(request, 13, pieceBytes);
      assertThat(keeper.seen.get(0)).isEqualTo(request);
      assertThat(ring.used.get(0).bytes())
          .isEqualTo(ByteBuffer.allocate(10).put(new byte[] {2, 1}).put(request, 0, 8).array());
    }
  }

  /** H5: the status is the last byte there is, and what the data leaves is zeroed. */
  @ParameterizedTest(name = "descriptors of {0} bytes")
  @ValueSource(ints = {1, 2, 3, 7, 100})
  void h5AStatusAtTheEndIsBehindZeros(int pieceBytes) throws Exception {
    keeper.repliesAtOnce = true;
    try (TestRing ring = new TestRing(64, queue(StatusPlace.LAST, 4))) {
      ring.start();
      byte[] request = bytes(1, 20);
      ring.send(request, 13, pieceBytes);
      byte[] expected = Arrays.copyOf(request, 13);
      Arrays.fill(expected, 8, 11, (byte) 0);
      expected[11] = 2;
      expected[12] = 1;
      assertThat(ring.used.get(0).bytes()).isEqualTo(expected);
    }
  }

  /** H1, H4. */
  @ParameterizedTest
  @EnumSource
  void h4WithoutRoomForAStatusNothingIsDone(StatusPlace place) throws Exception {
    keeper.repliesAtOnce = true;
    try (TestRing ring = new TestRing(8, queue(place, 4))) {
      ring.start();
      ring.send(bytes(1, 20), 1);
      ring.send(bytes(1, 20), 0);
      assertThat(ring.used).hasSize(2).allMatch(used -> used.length() == 0);
      assertThat(keeper.seen).isEmpty();
      assertThat(keeper.replied).isEmpty();
      ring.send(new byte[0], 2); // odd, but a status can be told
      assertThat(ring.used.get(2).bytes()).isEqualTo(new byte[] {2, 1});
      assertThat(keeper.seen).hasSize(1);
      assertThat(keeper.replied).containsExactly(STATUS);
    }
  }

  @Test
  void theHeaderIsACopyThatTheGuestCannotChange() throws Exception {
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 4))) {
      ring.start();
      byte[] request = bytes(1, HEADER);
      ring.send(request, 10);
      ring.overwrite();
      keeper.reply(0);
      assertThat(Arrays.copyOfRange(ring.used.get(0).bytes(), 2, 10)).isEqualTo(request);
    }
  }

  @Test
  void repliesComeInAnyOrder() throws Exception {
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 8))) {
      ring.start();
      for (int i = 0; i < 3; i++) {
        ring.send(bytes(i, 8), 10);
      }
      keeper.reply(1);
      keeper.reply(1);
      keeper.reply(0);
      assertThat(ring.used.stream().map(used -> used.bytes()[2]).toList())
          .containsExactly(bytes(1, 1)[0], bytes(2, 1)[0], bytes(0, 1)[0]);
    }
  }

  /** Also by the driver of these tests, whose memory is used over and over. */
  @Test
  void whatIsWrittenStaysWhileOthersPass() throws Exception {
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 2))) {
      ring.start();
      ring.send(bytes(0, 8), 10);
      Request slow = keeper.kept.remove(0);
      slow.writer().write(ByteBuffer.wrap(bytes(-1, 8)));
      keeper.repliesAtOnce = true;
      for (int i = 1; i < 100; i++) {
        ring.send(bytes(i, 8), 10);
      }
      slow.reply(STATUS);
      assertThat(ring.used).hasSize(100);
      assertThat(Arrays.copyOfRange(ring.used.get(99).bytes(), 2, 10)).isEqualTo(bytes(-1, 8));
    }
  }

  @Test
  void noMoreThanTheBoundIsTakenAndAReplyTakesTheNext() throws Exception {
    try (TestRing ring = new TestRing(16, queue(StatusPlace.FIRST, 3))) {
      ring.start();
      for (int i = 0; i < 7; i++) {
        ring.send(bytes(i, 8), 10);
        assertThat(keeper.kept).hasSizeLessThanOrEqualTo(3);
        assertThat(ring.inFlight()).isLessThanOrEqualTo(3);
      }
      for (int back = 1; back <= 7; back++) {
        keeper.reply(0);
        assertThat(ring.used).hasSize(back);
        assertThat(keeper.kept).hasSize(Math.min(3, 7 - back));
      }
      assertThat(keeper.seen).hasSize(7);
    }
  }

  @Test
  void aRingThatStopsWaitsForTheReplies() throws Exception {
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 2))) {
      ring.start();
      for (int i = 0; i < 3; i++) {
        ring.send(bytes(i, 8), 10);
      }
      Future<Void> stopped = ring.stop();
      keeper.reply(0);
      assertThat(stopped.isComplete()).isFalse();
      keeper.reply(0);
      assertThat(stopped.succeeded()).isTrue();
      assertThat(keeper.seen).as("nothing is taken from a ring that stops").hasSize(2);
      keeper.repliesAtOnce = true;
      ring.start();
      assertThat(keeper.seen).hasSize(3);
      ring.turn();
      assertThat(ring.used).hasSize(3);
    }
  }

  @Test
  void whatIsGivenUpAtStopHearsNoLaterReply() throws Exception {
    keeper.givesUpAtStop = true;
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 2))) {
      ring.start();
      ring.send(bytes(1, 8), 10);
      Request former = keeper.kept.remove(0);
      assertThat(ring.stop().succeeded()).isTrue();
      ring.start();
      ring.send(bytes(2, 8), 10);
      ring.send(bytes(3, 8), 10);
      former.reply(7);
      assertThat(former.room()).isZero();
      assertThat(keeper.replied).containsExactly(STATUS);
      ring.turn();
      assertThat(ring.used).hasSize(1);
      keeper.reply(0);
      keeper.reply(0);
      assertThat(ring.used).hasSize(3);
    }
  }

  /**
   * A device with a bug loses its ring, not more: the engine stops it, which must come to an end.
   */
  @Test
  void aRequestThatTheDeviceThrewAtIsBack() throws Exception {
    RequestQueue broken =
        new RequestQueue(
            HEADER,
            1,
            StatusPlace.FIRST,
            2,
            request -> {
              throw new IllegalStateException("as it is meant to");
            });
    try (TestRing ring = new TestRing(8, broken)) {
      ring.start();
      assertThatThrownBy(() -> ring.send(bytes(1, 8), 10)).hasMessage("as it is meant to");
      assertThat(ring.stop().succeeded()).isTrue();
    }
  }

  /** Whatever comes: each buffer comes back once, with what belongs to it. */
  @Property(tries = 200)
  void everyRequestGetsItsOwnReply(
      @ForAll long seed,
      @ForAll StatusPlace place,
      @ForAll @IntRange(min = 1, max = 20) int pieceBytes,
      @ForAll @IntRange(min = 1, max = 6) int bound)
      throws Exception {
    Random random = new Random(seed);
    Keeper mine = new Keeper();
    RequestQueue requests = new RequestQueue(HEADER, 2, place, bound, mine);
    int sent = 0;
    int odd = 0;
    try (TestRing ring = new TestRing(64, requests)) {
      ring.start();
      for (int i = 0; i < 200; i++) {
        ring.takesAtMost = 1 + random.nextInt(4);
        mine.repliesAtOnce = random.nextBoolean();
        if (random.nextBoolean() && !mine.kept.isEmpty()) {
          mine.reply(random.nextInt(mine.kept.size()));
        } else if (random.nextInt(30) == 0) {
          Future<Void> stopped = ring.stop();
          while (!mine.kept.isEmpty()) {
            mine.reply(0);
          }
          assertThat(stopped.succeeded()).isTrue();
          ring.start();
        } else if (ring.free() > 40) {
          int room = random.nextInt(20);
          int length = random.nextInt(20);
          if (room + length > 0) {
            sent++;
            odd += room < 2 ? 1 : 0;
            ring.send(bytes(i, length), room, Math.max(2, pieceBytes));
          }
        }
        assertThat(mine.kept).hasSizeLessThanOrEqualTo(bound);
      }
      ring.takesAtMost = Integer.MAX_VALUE;
      mine.repliesAtOnce = true;
      ring.turn();
      while (!mine.kept.isEmpty()) {
        mine.reply(0);
      }
      assertThat(ring.used).hasSize(sent);
      assertThat(ring.inFlight()).isZero();
      assertThat(mine.seen).hasSize(sent - odd);
      assertThat(mine.replied).hasSize(sent - odd);
      assertThat(ring.used.stream().filter(used -> used.length() == 0)).hasSize(odd);
    }
  }

  @Test
  void f8WhatIsLeftInTheRingComesAgain() throws Exception {
    keeper.leavesAtStop = true;
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 8))) {
      ring.start();
      for (int i = 0; i < 3; i++) {
        ring.send(bytes(i, HEADER), 10);
      }
      keeper.reply(0);
      assertThat(ring.stop().succeeded()).isTrue();
      assertThat(ring.used).hasSize(1);
      keeper.seen.clear();
      ring.start();
      assertThat(keeper.seen).containsExactly(bytes(1, HEADER), bytes(2, HEADER));
      keeper.reply(0);
      keeper.reply(0);
      assertThat(ring.used).hasSize(3);
      assertThat(keeper.replied).hasSize(3);
    }
  }

  /** F8: the ring has one index, which cannot leave out what is back. */
  @Test
  void f8WhatWasTakenBeforeAReplyCannotBeLeftInTheRing() throws Exception {
    keeper.leavesAtStop = true;
    try (TestRing ring = new TestRing(8, queue(StatusPlace.FIRST, 8))) {
      ring.start();
      for (int i = 0; i < 3; i++) {
        ring.send(bytes(i, HEADER), 10);
      }
      keeper.reply(1);
      assertThat(ring.stop().succeeded()).isTrue();
      keeper.seen.clear();
      ring.start();
      assertThat(keeper.seen).containsExactly(bytes(2, HEADER));
      assertThat(ring.used).hasSize(2);
    }
  }

  @Test
  void theDriverIsToldOfABatchOnce() throws Exception {
    RequestQueue requests = queue(StatusPlace.FIRST, 3);
    try (TestRing ring = new TestRing(16, requests)) {
      ring.start();
      for (int i = 0; i < 5; i++) {
        ring.send(bytes(i, HEADER), 10);
      }
      requests.batch(
          () -> {
            keeper.reply(0);
            keeper.reply(0);
          });
      assertThat(ring.flushes).isEqualTo(1);
      assertThat(ring.used).hasSize(2);
      assertThat(keeper.kept).as("those that had to wait are taken").hasSize(3);
    }
  }

  /** A guest that lets everything fail does not keep the loop busy with zeros. */
  @Test
  void h6AVeryLongRoomIsNotFilled() throws Exception {
    keeper.repliesAtOnce = true;
    int room = 100_000;
    try (TestRing ring = new TestRing(64, queue(StatusPlace.LAST, 4))) {
      ring.start();
      ring.send(bytes(1, 20), room);
      assertThat(ring.used.get(0).bytes()).isEqualTo(Arrays.copyOf(bytes(1, 20), 8));
      byte[] all = ring.used.get(0).writable();
      assertThat(Arrays.copyOfRange(all, room - 3, room)).containsExactly(0x55, 2, 1);
    }
  }

  @Test
  void aRequestAllocatesNothing() throws Exception {
    RequestQueue lean =
        new RequestQueue(
            HEADER,
            1,
            StatusPlace.LAST,
            2,
            request -> {
              request.writer().writeInt(request.header().getInt(0));
              request.reply(0);
            });
    try (TestRing ring = new TestRing(4, lean)) {
      ring.start();
      long before = 0;
      for (int i = -ROUNDS; i < ROUNDS; i++) {
        if (i == 0) {
          before = Allocation.ofThisThread();
        }
        ring.sendLean(HEADER, 16);
      }
      assertThat(Allocation.ofThisThread() - before).isLessThan(ROUNDS);
      assertThat(ring.leanBack).isEqualTo(2 * ROUNDS);
    }
  }
}
