package io.vhost4j.virtqueue;

import static io.vhost4j.virtqueue.RawRing.BUFFERS;
import static io.vhost4j.virtqueue.RawRing.HOLE;
import static io.vhost4j.virtqueue.RawRing.INDIRECT;
import static io.vhost4j.virtqueue.RawRing.ISLAND;
import static io.vhost4j.virtqueue.RawRing.NEXT;
import static io.vhost4j.virtqueue.RawRing.SEAM;
import static io.vhost4j.virtqueue.RawRing.USER;
import static io.vhost4j.virtqueue.RawRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * V17 to V26, V28 to V30, V32: what a driver must not do, and what looks like it but is to work.
 */
class MalformedRingTest {
  private static final int N = 8;

  private RawRing ring;

  @BeforeEach
  void open() throws Exception {
    ring = new RawRing(N);
  }

  @AfterEach
  void close() {
    ring.close();
  }

  private void assertMalformed(String message) throws VirtqueueException {
    assertMalformed(RingFeatures.INDIRECT_DESC, message);
  }

  private void assertMalformed(long features, String message) throws VirtqueueException {
    try (SplitVirtqueue queue = ring.device(features)) {
      assertThatThrownBy(queue::next)
          .isInstanceOf(VirtqueueException.class)
          .extracting(Rules::broken)
          .asString()
          .startsWith(message)
          .doesNotContain("\n");
      assertThatThrownBy(queue::next)
          .as("beyond use")
          .extracting(Rules::broken)
          .asString()
          .startsWith(message);
      assertThat(queue.inFlight()).isZero();
      assertThat(queue.needsNotification()).isFalse();
      assertThat(queue.enableKicks()).isFalse();
      assertThat(ring.usedIndex()).isZero();
    }
  }

  private DescriptorChain assertTaken(SplitVirtqueue queue, long readable, long writable)
      throws VirtqueueException {
    DescriptorChain chain = Objects.requireNonNull(queue.next());
    assertThat(chain.reader().size()).isEqualTo(readable);
    assertThat(chain.writer().size()).isEqualTo(writable);
    return chain;
  }

  @Test
  void v17AnAvailIndexTooFarAhead() throws Exception {
    ring.index(N + 1);
    assertMalformed("V17: avail index 9 is 9 ahead");
  }

  @Test
  void v17AnAvailIndexThatGoesBack() throws Exception {
    ring.index(0xffff);
    assertMalformed("V17: avail index 65535 is 65535 ahead");
  }

  @Test
  void v17IsFoundBehindGoodBuffersAsWell() throws Exception {
    ring.descriptor(0, BUFFERS, 1, 0, 0).offer(0, 0);
    try (SplitVirtqueue queue = ring.device(0)) {
      queue.complete(assertTaken(queue, 1, 0), 0);
      queue.complete(assertTaken(queue, 1, 0), 0);
      ring.index(2 + N + 1);
      assertThatThrownBy(queue::next).extracting(Rules::broken).asString().startsWith("V17");
    }
  }

  @Test
  void v18AHeadOutsideTheTable() throws Exception {
    ring.offer(N);
    assertMalformed("V18: head 8 of a ring of 8");
  }

  @Test
  void v18AHeadOf65535() throws Exception {
    ring.offer(0xffff);
    assertMalformed("V18: head 65535");
  }

  @Test
  void v19ANextOutsideTheTable() throws Exception {
    ring.descriptor(0, BUFFERS, 1, NEXT, N).offer(0);
    assertMalformed("V19: next 8 in a ring of 8");
  }

  @Test
  void v19ANextOutsideTheIndirectTable() throws Exception {
    ring.descriptor(0, BUFFERS, 32, INDIRECT, 0).offer(0);
    ring.entry(BUFFERS, 0, SEAM, 1, NEXT, 2);
    assertMalformed("V19: next 2 in an indirect table of 2");
  }

  @Test
  void v19ANextWithoutItsFlagIsIgnored() throws Exception {
    ring.descriptor(0, BUFFERS, 1, 0, 0xffff).offer(0);
    try (SplitVirtqueue queue = ring.device(0)) {
      assertTaken(queue, 1, 0);
    }
  }

  @Test
  void v20ALoopInTheRing() throws Exception {
    ring.descriptor(0, BUFFERS, 1, NEXT, 1).descriptor(1, BUFFERS, 1, NEXT, 0).offer(0);
    assertMalformed("V20: the chain at head 0 visits more than 8");
  }

  @Test
  void v20ALoopOfOneEmptyDescriptor() throws Exception {
    ring.descriptor(3, BUFFERS, 0, NEXT, 3).offer(3);
    assertMalformed("V20");
  }

  @Test
  void v20AChainOfAllDescriptorsIsNoLoop() throws Exception {
    for (int i = 0; i < N; i++) {
      ring.descriptor(i, BUFFERS + 16L * i, 1, i == N - 1 ? 0 : NEXT, i + 1);
    }
    ring.offer(0);
    try (SplitVirtqueue queue = ring.device(0)) {
      assertTaken(queue, N, 0);
    }
  }

  @Test
  void v20ALoopInAnIndirectTable() throws Exception {
    ring.descriptor(0, BUFFERS, 32, INDIRECT, 0).offer(0);
    ring.entry(BUFFERS, 0, SEAM, 1, NEXT, 1).entry(BUFFERS, 1, SEAM, 1, NEXT, 0);
    assertMalformed("V20: a chain visits more than the 2 entries");
  }

  @Test
  void v21AnIndirectDescriptorWithoutTheFeature() throws Exception {
    ring.descriptor(0, BUFFERS, 16, INDIRECT, 0).offer(0);
    ring.entry(BUFFERS, 0, SEAM, 1, 0, 0);
    assertMalformed(RingFeatures.EVENT_IDX, "V21");
  }

  @Test
  void v22AnIndirectDescriptorWithANextOne() throws Exception {
    ring.descriptor(0, BUFFERS, 16, INDIRECT | NEXT, 1).offer(0);
    ring.entry(BUFFERS, 0, SEAM, 1, 0, 0);
    assertMalformed("V22");
  }

  @Test
  void v23AnIndirectDescriptorInsideATable() throws Exception {
    ring.descriptor(0, BUFFERS, 16, INDIRECT, 0).offer(0);
    ring.entry(BUFFERS, 0, BUFFERS, 16, INDIRECT, 0);
    assertMalformed("V23");
  }

  @Test
  void v24AnIndirectTableOfNoEntries() throws Exception {
    ring.descriptor(0, BUFFERS, 0, INDIRECT, 0).offer(0);
    assertMalformed("V24: an indirect table of 0 bytes");
  }

  @Test
  void v24AnIndirectTableThatIsNoMultipleOf16() throws Exception {
    ring.descriptor(0, BUFFERS, 24, INDIRECT, 0).offer(0);
    ring.entry(BUFFERS, 0, SEAM, 1, 0, 0);
    assertMalformed("V24: an indirect table of 24 bytes");
  }

  @Test
  void v24AnIndirectTableOutsideMemory() throws Exception {
    ring.descriptor(0, HOLE, 16, INDIRECT, 0).offer(0);
    assertMalformed("V24: an indirect table outside memory: 0x40000+0x10");
  }

  @Test
  void v24AnIndirectTableThatEndsOutsideMemory() throws Exception {
    ring.descriptor(0, HOLE - 16, 32, INDIRECT, 0).offer(0);
    ring.entry(HOLE - 16, 0, SEAM, 1, 0, 0);
    assertMalformed("V24");
  }

  @Test
  void v24AnIndirectTableOf4GiB() throws Exception {
    ring.descriptor(0, BUFFERS, -16, INDIRECT, 0).offer(0);
    assertMalformed("V24: an indirect table outside memory: 0x20000+0xfffffff0");
  }

  @Test
  void v25AReadableDescriptorAfterAWritableOne() throws Exception {
    ring.descriptor(0, BUFFERS, 1, NEXT | WRITE, 1).descriptor(1, BUFFERS, 1, 0, 0).offer(0);
    assertMalformed("V25");
  }

  @Test
  void v25AReadableEntryOfATableAfterAWritableDescriptorOfTheRing() throws Exception {
    ring.descriptor(0, BUFFERS, 1, NEXT | WRITE, 1).descriptor(1, BUFFERS, 16, INDIRECT, 0);
    ring.entry(BUFFERS, 0, SEAM, 1, 0, 0).offer(0);
    assertMalformed("V25");
  }

  @Test
  void v26ABufferOutsideMemory() throws Exception {
    ring.descriptor(0, HOLE, 1, 0, 0).offer(0);
    assertMalformed("V26: a buffer outside memory: 0x40000+0x1");
  }

  @Test
  void v26ABufferThatEndsOutsideMemory() throws Exception {
    ring.descriptor(0, HOLE - 1, 2, WRITE, 0).offer(0);
    assertMalformed("V26: a buffer outside memory: 0x3ffff+0x2");
  }

  @Test
  void v26ABufferOverAHoleBetweenRegions() throws Exception {
    ring.descriptor(0, SEAM, (int) (ISLAND - SEAM + 1), 0, 0).offer(0);
    assertMalformed("V26");
  }

  @Test
  void v26ABufferThatWrapsTheAddressSpace() throws Exception {
    ring.descriptor(0, -1, 2, 0, 0).offer(0);
    assertMalformed("V26: a buffer that wraps the address space: 0xffffffffffffffff+0x2");
  }

  @Test
  void v26UserAddressesAreNoGuestAddresses() throws Exception {
    ring.descriptor(0, USER + BUFFERS, 1, 0, 0).offer(0);
    assertMalformed("V26");
  }

  @Test
  void v28ABufferThatSpansAdjacentRegions() throws Exception {
    ring.write(SEAM - 2, (byte) 1, (byte) 2, (byte) 3, (byte) 4);
    ring.descriptor(0, SEAM - 2, 4, NEXT, 1).descriptor(1, SEAM - 4, 8, WRITE, 0).offer(0);
    try (SplitVirtqueue queue = ring.device(0)) {
      DescriptorChain chain = assertTaken(queue, 4, 8);
      assertThat(chain.reader().contiguous().remaining()).isEqualTo(2);
      assertThat(chain.reader().readInt()).isEqualTo(0x04030201);
      chain.writer().writeLong(0x0807060504030201L);
      queue.complete(chain, 8);
    }
    assertThat(ring.read(SEAM - 4, 8)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void v28AnIndirectTableWithAnEntryAcrossTheSeamOfRegions() throws Exception {
    long table = SEAM - 40;
    ring.descriptor(0, table, 64, INDIRECT, 0).offer(0);
    for (int i = 0; i < 4; i++) {
      ring.entry(table, i, BUFFERS + 64L * i, i + 1, i == 3 ? WRITE : NEXT, i + 1);
    }
    try (SplitVirtqueue queue = ring.device(RingFeatures.INDIRECT_DESC)) {
      assertTaken(queue, 1 + 2 + 3, 4);
    }
  }

  @Test
  void v29EmptyBuffersAreTolerated() throws Exception {
    ring.descriptor(0, HOLE, 0, NEXT, 1)
        .descriptor(1, BUFFERS, 3, NEXT, 2)
        .descriptor(2, -1, 0, NEXT | WRITE, 3)
        .descriptor(3, BUFFERS + 8, 5, WRITE, 0)
        .descriptor(4, 0, 0, WRITE, 0)
        .offer(0, 4);
    try (SplitVirtqueue queue = ring.device(0)) {
      assertTaken(queue, 3, 5);
      assertTaken(queue, 0, 0);
    }
  }

  @Test
  void v30AnIndirectChainLongerThanTheRing() throws Exception {
    int entries = 1023;
    ring.descriptor(0, BUFFERS, 0, NEXT, 1)
        .descriptor(1, BUFFERS, 16 * entries, INDIRECT, 0)
        .offer(0);
    for (int i = 0; i < entries; i++) {
      ring.entry(BUFFERS, i, SEAM + 2L * i, 1, i == entries - 1 ? WRITE : NEXT | WRITE, i + 1);
    }
    try (SplitVirtqueue queue = ring.device(RingFeatures.INDIRECT_DESC)) {
      assertTaken(queue, 0, entries);
    }
  }

  @Test
  void v30AnIndirectChainLongerThanOurCap() throws Exception {
    ring.descriptor(0, BUFFERS, 16 * 1025, INDIRECT, 0).offer(0);
    for (int i = 0; i < 1025; i++) {
      ring.entry(BUFFERS, i, SEAM, 1, i == 1024 ? WRITE : NEXT | WRITE, i + 1);
    }
    assertMalformed("V30: an indirect chain of more than 1024");
  }

  @Test
  void v30MorePiecesInFlightThanAGuestMayCost() throws Exception {
    try (RawRing large = new RawRing(256)) {
      // Each chain alternates between two buffers, so that nothing merges: 1024 pieces.
      for (int i = 0; i < 1024; i++) {
        large.entry(BUFFERS, i, SEAM + (i & 1) * 64L, 1, i == 1023 ? WRITE : NEXT | WRITE, i + 1);
      }
      for (int i = 0; i < 256; i++) {
        large.descriptor(i, BUFFERS, 16 * 1024, INDIRECT, 0).offer(i);
      }
      try (SplitVirtqueue queue = large.device(RingFeatures.INDIRECT_DESC)) {
        for (int i = 0; i < 128; i++) {
          assertTaken(queue, 0, 1024);
        }
        assertThatThrownBy(queue::next)
            .extracting(Rules::broken)
            .asString()
            .startsWith("V30: more than 131072 pieces");
        assertThat(queue.inFlight()).isEqualTo(128);
      }
    }
  }

  @Test
  void v30AChainThatCrossesSeamsAgainAndAgain() throws Exception {
    // A buffer over a seam is two pieces. Each descriptor may have one, but not each many.
    int entries = 1024;
    for (int i = 0; i < entries; i++) {
      int flags = i == entries - 1 ? WRITE : NEXT | WRITE;
      ring.entry(BUFFERS, i, SEAM - 8, 16, flags, i + 1);
    }
    ring.descriptor(0, BUFFERS, 16 * entries, INDIRECT, 0).offer(0);
    try (SplitVirtqueue queue = ring.device(RingFeatures.INDIRECT_DESC)) {
      DescriptorChain chain = assertTaken(queue, 0, 16L * entries);
      assertThat(chain.steps()).isEqualTo(3 * entries + 1);
    }
  }

  @Test
  void v30AChainOfMorePiecesThanAnHonestOneCanHave() throws Exception {
    try (ManyRegions many = new ManyRegions(64)) {
      // Each of 1024 descriptors covers all regions: 65536 pieces, of 2113 that there may be.
      many.chainOverAllRegions(1024);
      try (SplitVirtqueue queue = many.device()) {
        assertThatThrownBy(queue::next)
            .extracting(Rules::broken)
            .asString()
            .startsWith("V30: a chain of more than 2113");
      }
      many.chainOverAllRegions(33);
      try (SplitVirtqueue queue = many.device()) {
        assertThat(Objects.requireNonNull(queue.next()).steps()).isEqualTo(1 + 33 + 33 * 64);
      }
    }
  }

  @Test
  void v32TheSameHeadTwiceInFlightIsNoCrash() throws Exception {
    ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0, 0);
    try (SplitVirtqueue queue = ring.device(0)) {
      DescriptorChain first = assertTaken(queue, 0, 4);
      DescriptorChain second = assertTaken(queue, 0, 4);
      assertThat(second).isNotSameAs(first);
      queue.complete(second, 4);
      queue.complete(first, 2);
      assertThat(ring.usedIndex()).isEqualTo(2);
      assertThat(ring.usedLength(0)).isEqualTo(4);
      assertThat(ring.usedLength(1)).isEqualTo(2);
    }
  }

  @Test
  void v32MoreChainsInFlightThanTheRingHas() throws Exception {
    ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0, 0, 0, 0, 0, 0, 0, 0);
    try (SplitVirtqueue queue = ring.device(0)) {
      for (int i = 0; i < N; i++) {
        assertTaken(queue, 0, 4);
      }
      assertThat(queue.next()).isNull();
      ring.offer(0);
      assertThatThrownBy(queue::next)
          .extracting(Rules::broken)
          .asString()
          .startsWith("V32: more than 8 chains");
      assertThat(queue.inFlight()).isEqualTo(N);
    }
  }

  @Test
  void theDriverIsToldOfWhatWasCompletedBeforeTheRingBroke() throws Exception {
    ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0, N);
    try (SplitVirtqueue queue = ring.device(0)) {
      queue.complete(assertTaken(queue, 0, 4), 4);
      assertThatThrownBy(queue::next).extracting(Rules::broken).asString().startsWith("V18");
      assertThat(queue.needsNotification()).isTrue();
      assertThat(queue.needsNotification()).isFalse();
    }
  }

  @Test
  void aMalformedRingIsNotWrittenAnyMoreWhenChainsAreCompleted() throws Exception {
    ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0, N);
    try (SplitVirtqueue queue = ring.device(0)) {
      DescriptorChain chain = assertTaken(queue, 0, 4);
      assertThatThrownBy(queue::next).extracting(Rules::broken).asString().startsWith("V18");
      queue.complete(chain, 4);
      assertThat(queue.inFlight()).isZero();
      assertThat(ring.usedIndex()).isZero();
    }
  }
}
