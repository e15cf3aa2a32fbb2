package io.vhost4j.virtqueue;

import static io.vhost4j.virtqueue.RawRing.BUFFERS;
import static io.vhost4j.virtqueue.RawRing.INDIRECT;
import static io.vhost4j.virtqueue.RawRing.ISLAND;
import static io.vhost4j.virtqueue.RawRing.NEXT;
import static io.vhost4j.virtqueue.RawRing.RING;
import static io.vhost4j.virtqueue.RawRing.SEAM;
import static io.vhost4j.virtqueue.RawRing.USER;
import static io.vhost4j.virtqueue.RawRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.Maps;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("jdk")
class SplitVirtqueueTest {
  private static final int N = 8;

  private static DescriptorChain take(SplitVirtqueue queue) throws VirtqueueException {
    return Objects.requireNonNull(queue.next());
  }

  @Test
  void v2V9IndicesWrapAt65536WhateverTheSize() throws Exception {
    for (int size : new int[] {1, 8, 256}) {
      try (RawRing ring = new RawRing(size, 65500)) {
        for (int i = 0; i < size; i++) {
          ring.descriptor(i, BUFFERS + 8L * i, 4, WRITE, 0);
        }
        try (SplitVirtqueue queue = ring.device(0)) {
          for (int i = 0; i < 70_000; i++) {
            int head = (i * 7) % size;
            ring.offer(head);
            DescriptorChain chain = take(queue);
            assertThat(chain.head()).isEqualTo(head);
            assertThat(queue.next()).isNull();
            queue.complete(chain, i & 3);
            int at = (65500 + i) & 0xffff;
            assertThat(ring.usedId(at)).isEqualTo(head);
            assertThat(ring.usedLength(at)).isEqualTo(i & 3);
            assertThat(ring.usedIndex()).isEqualTo((at + 1) & 0xffff);
            assertThat(queue.nextAvail()).isEqualTo((at + 1) & 0xffff);
          }
        }
      }
    }
  }

  @Test
  void v5V6V7DirectDescriptorsMayPrecedeAnIndirectOneWhoseWriteFlagIsIgnored() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(RingFeatures.INDIRECT_DESC)) {
      ring.descriptor(0, BUFFERS, 1, NEXT, 1)
          .descriptor(1, BUFFERS + 8, 2, NEXT, 2)
          .descriptor(2, ISLAND, 48, INDIRECT | WRITE, 77)
          .entry(ISLAND, 0, SEAM, 4, NEXT, 2)
          .entry(ISLAND, 2, SEAM + 8, 8, WRITE, 99)
          .offer(0);
      DescriptorChain chain = take(queue);
      assertThat(chain.reader().size()).isEqualTo(7);
      assertThat(chain.writer().size()).isEqualTo(8);
    }
  }

  @Test
  void v7ATableNeedNotBeAligned() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(RingFeatures.INDIRECT_DESC)) {
      ring.descriptor(0, ISLAND + 1, 16, INDIRECT, 0)
          .entry(ISLAND + 1, 0, SEAM, 4, WRITE, 0)
          .offer(0);
      assertThat(take(queue).writer().size()).isEqualTo(4);
    }
  }

  @Test
  void v8TheWrittenLengthIsNeverMoreThanTheWritablePart() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(0)) {
      ring.descriptor(0, BUFFERS, 4, NEXT, 1).descriptor(1, BUFFERS, 4, WRITE, 0).offer(0);
      DescriptorChain chain = take(queue);
      assertThatThrownBy(() -> queue.complete(chain, 5))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> queue.complete(chain, -1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(queue.inFlight()).isEqualTo(1);
      assertThat(ring.usedIndex()).isZero();
      queue.complete(chain, 4);
      assertThat(ring.usedLength(0)).isEqualTo(4);
    }
  }

  @Test
  void v27AChainMayHave4GiBAndNotOneByteMore() throws Exception {
    long gib = 1L << 30;
    try (MemoryFile file = MemoryFile.create("vhost4j-large", 3 * gib)) {
      GuestMemory memory = GuestMemory.map(List.of(new MemoryRegion(0, 3 * gib, 0, 0)), file.fd());
      DriverQueue driver = DriverQueue.create(memory, 2 * gib + 4096, N, 0, 0, 0);
      try (SplitVirtqueue queue = SplitVirtqueue.create(memory, N, driver.addresses(), 0, 0)) {
        long[] addresses = {0, 1, 3 * gib - 8};
        int half = 1 << 31; // unsigned
        driver.add(addresses, new int[] {half, half - 8, 8}, 1, 2);
        driver.add(addresses, new int[] {half, half - 8, 9}, 1, 2);
        driver.publish();
        DescriptorChain chain = take(queue);
        assertThat(chain.reader().size()).isEqualTo(2 * gib);
        assertThat(chain.writer().size()).isEqualTo(2 * gib);
        chain.writer().position(2 * gib - 8);
        chain.writer().writeLong(0x1234);
        chain.writer().position(gib - 5);
        chain.writer().writeLong(0x5678);
        assertThat(chain.writer().contiguous().remaining()).isPositive();
        chain.reader().position(gib - 4);
        assertThat(chain.reader().readLong()).isEqualTo(0x5678);
        queue.complete(chain, Integer.MAX_VALUE);
        assertThat(driver.poll()).isZero();
        assertThat(driver.usedLength()).isEqualTo(Integer.MAX_VALUE);
        assertThatThrownBy(queue::next).extracting(Rules::broken).asString().startsWith("V27");
      }
      memory.release();
    }
  }

  @Test
  void v16ChainsMayBeCompletedInAnyOrderButOnce() throws Exception {
    try (RawRing ring = new RawRing(N);
        RawRing other = new RawRing(N);
        SplitVirtqueue queue = ring.device(0);
        SplitVirtqueue foreign = other.device(0)) {
      other.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0);
      DescriptorChain stranger = take(foreign);
      DescriptorChain[] chains = new DescriptorChain[4];
      for (int i = 0; i < 4; i++) {
        ring.descriptor(i, BUFFERS, 4, WRITE, 0).offer(i);
        chains[i] = take(queue);
      }
      for (int i : new int[] {2, 0, 3}) {
        queue.complete(chains[i], i);
        assertThatThrownBy(() -> queue.complete(chains[i], i))
            .isInstanceOf(IllegalStateException.class);
      }
      assertThatThrownBy(() -> queue.complete(stranger, 0))
          .isInstanceOf(IllegalStateException.class);
      assertThat(queue.inFlight()).isEqualTo(1);
      queue.complete(chains[1], 1);
      assertThat(ring.usedIndex()).isEqualTo(4);
      assertThat(List.of(ring.usedId(0), ring.usedId(1), ring.usedId(2), ring.usedId(3)))
          .containsExactly(2, 0, 3, 1);
    }
  }

  @Test
  void c17TheUsedIndexIsReadFromTheRingAndTheAvailIndexIsGiven() throws Exception {
    try (RawRing ring = new RawRing(N, 500).usedIndex(498)) {
      ring.descriptor(3, BUFFERS, 4, WRITE, 0).offer(3, 3);
      try (SplitVirtqueue queue = ring.device(0)) {
        assertThat(queue.nextAvail()).isEqualTo(500);
        queue.complete(take(queue), 0);
        assertThat(ring.usedIndex()).isEqualTo(499);
        assertThat(ring.usedId(498)).isEqualTo(3);
        assertThat(queue.nextAvail()).isEqualTo(501);
        take(queue);
        assertThat(queue.nextAvail()).as("the one in flight is not done").isEqualTo(501);
      }
    }
  }

  @Test
  void c18TheLatestChainsCanBePutBackUpToOneThatWasCompleted() throws Exception {
    try (RawRing ring = new RawRing(N, 65534)) {
      for (int i = 0; i < 6; i++) {
        ring.descriptor(i, BUFFERS + 8L * i, 4, WRITE, 0).offer(i);
      }
      SplitVirtqueue queue = ring.device(0);
      DescriptorChain[] chains = new DescriptorChain[5];
      for (int i = 0; i < 5; i++) {
        chains[i] = take(queue);
      }
      queue.complete(chains[2], 2);
      assertThat(queue.putBack(chains[3])).as("before the latest").isFalse();
      assertThat(queue.putBack(chains[4])).isTrue();
      assertThat(queue.putBack(chains[3])).isTrue();
      assertThat(queue.putBack(chains[1])).as("before one that was completed").isFalse();
      assertThat(queue.inFlight()).isEqualTo(2);
      assertThatThrownBy(() -> queue.putBack(chains[3])).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> queue.putBack(chains[2])).isInstanceOf(IllegalStateException.class);
      queue.complete(chains[0], 0);
      queue.complete(chains[1], 1);
      assertThat(ring.usedIndex()).as("nothing is used twice").isEqualTo((65534 + 3) & 0xffff);
      assertThat(queue.nextAvail()).isEqualTo((65534 + 3) & 0xffff);
      int base = queue.nextAvail();
      assertThat(take(queue).head()).as("without a stop").isEqualTo(3);
      queue.close();
      try (SplitVirtqueue next = SplitVirtqueue.create(ring.memory, N, ring.addresses(), 0, base)) {
        for (int head = 3; head < 6; head++) {
          DescriptorChain again = take(next);
          assertThat(again.head()).isEqualTo(head);
          assertThat(again.writer().remaining()).isEqualTo(4);
          next.complete(again, 4);
        }
        assertThat(next.next()).isNull();
      }
      assertThat(List.of(0, 1, 2, 3, 4, 5).stream().map(i -> ring.usedId((65534 + i) & 0xffff)))
          .containsExactly(2, 0, 1, 3, 4, 5);
    }
  }

  @Test
  void c18OfKeptChainsTheLatestAreLeftInTheRingAndTheOthersGoBackUnused() throws Exception {
    try (RawRing ring = new RawRing(N, 65534)) {
      for (int i = 0; i < 5; i++) {
        ring.descriptor(i, BUFFERS + 8L * i, 4, WRITE, 0).offer(i);
      }
      SplitVirtqueue queue = ring.device(0);
      DescriptorChain[] chains = new DescriptorChain[5];
      for (int i = 0; i < 5; i++) {
        chains[i] = take(queue);
      }
      queue.complete(chains[1], 1);
      queue.reclaim();
      assertThat(queue.inFlight()).isZero();
      assertThat(queue.nextAvail()).as("behind the first two").isZero();
      assertThat(ring.usedIndex()).isZero();
      assertThat(ring.usedId(65534)).isEqualTo(1);
      assertThat(ring.usedId(65535)).isEqualTo(0);
      assertThat(ring.usedLength(65535)).isZero();
      queue.close();
    }
  }

  @Test
  void c18AChainOfABrokenRingCanBePutBack() throws Exception {
    try (RawRing ring = new RawRing(N)) {
      ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0, N);
      SplitVirtqueue queue = ring.device(0);
      DescriptorChain chain = take(queue);
      assertThatThrownBy(queue::next).extracting(Rules::broken).asString().startsWith("V18");
      assertThat(queue.putBack(chain)).isTrue();
      assertThat(queue.nextAvail()).isZero();
      assertThatThrownBy(queue::next)
          .as("still")
          .extracting(Rules::broken)
          .asString()
          .startsWith("V18");
      queue.close();
      try (SplitVirtqueue next = ring.device(0)) {
        assertThat(take(next).head()).isZero();
      }
    }
  }

  @Test
  void aQueueThatIsCreatedAgainGoesOnWhereTheFormerStopped() throws Exception {
    try (RawRing ring = new RawRing(N, 65534)) {
      ring.descriptor(0, BUFFERS, 4, WRITE, 0);
      int base = 65534;
      for (int i = 0; i < 10; i++) {
        try (SplitVirtqueue queue =
            SplitVirtqueue.create(ring.memory, N, ring.addresses(), 0, base)) {
          ring.offer(0);
          queue.complete(take(queue), 4);
          assertThat(queue.next()).isNull();
          base = queue.nextAvail();
        }
      }
      assertThat(ring.usedIndex()).isEqualTo((65534 + 10) & 0xffff);
    }
  }

  /** A ring in a region of its own, and one region for buffers. */
  private static GuestMemory map(MemoryFile rings, MemoryFile buffers) throws Exception {
    return GuestMemory.map(
        List.of(
            new MemoryRegion(0, rings.size(), USER, 0),
            new MemoryRegion(1 << 20, buffers.size(), USER + (1 << 20), 0)),
        rings.fd(),
        buffers.fd());
  }

  @Test
  void c26AMemoryTableMayBeReplacedWhileChainsAreInFlight() throws Exception {
    try (MemoryFile rings = MemoryFile.create("vhost4j-swap", 1 << 16);
        MemoryFile first = MemoryFile.create("vhost4j-swap-first", 1 << 16);
        MemoryFile second = MemoryFile.create("vhost4j-swap-second", 1 << 16)) {
      GuestMemory driverMemory = map(rings, first);
      DriverQueue driver = DriverQueue.create(driverMemory, 0, N, 0, 0, 0);
      long[] address = {1 << 20};
      int[] length = {4};

      GuestMemory old = map(rings, first);
      SplitVirtqueue queue = SplitVirtqueue.create(old, N, driver.addresses(), 0, 0);
      driver.add(address, length, 0, 1);
      driver.publish();
      DescriptorChain before = take(queue);

      // Other regions, so that what was looked up in one table means nothing in the other.
      GuestMemory moved = map(rings, second);
      GuestMemory next =
          moved.with(new MemoryRegion(1 << 19, 4096, USER + (1 << 19), 0), rings.fd());
      moved.release();
      queue.rebind(next);
      old.release();
      next.release();
      assertThat(Maps.count("vhost4j-swap-first")).as("the driver's and the chain's").isEqualTo(2);
      before.writer().writeInt(111);
      driver.add(address, length, 0, 1);
      driver.publish();
      DescriptorChain after = take(queue);
      after.writer().writeInt(222);
      queue.complete(before, 4);
      assertThat(Maps.count("vhost4j-swap-first")).as("the driver's").isEqualTo(1);
      queue.complete(after, 4);
      assertThat(driver.poll()).isNotNegative();
      assertThat(driver.poll()).isNotNegative();
      assertThat(Objects.requireNonNull(driverMemory.slice(1 << 20, 4)).getInt(0)).isEqualTo(111);
      assertThat(Maps.count("vhost4j-swap-second")).isEqualTo(1);
      GuestMemory check = map(rings, second);
      assertThat(Objects.requireNonNull(check.slice(1 << 20, 4)).getInt(0)).isEqualTo(222);
      check.release();
      queue.close();
      assertThat(Maps.count("vhost4j-swap-second")).isZero();
      driverMemory.release();
      assertThat(Maps.count("vhost4j-swap")).isZero();
    }
  }

  @Test
  void v31ATableWithoutTheRingIsRefusedAndTheQueueGoesOnInTheOldOne() throws Exception {
    try (RawRing ring = new RawRing(N);
        SplitVirtqueue queue = ring.device(0)) {
      GuestMemory without = ring.memory.without(new MemoryRegion(RING, 0x10000, USER + RING, 0));
      assertThatThrownBy(() -> queue.rebind(without))
          .isInstanceOf(VirtqueueException.class)
          .extracting(Rules::broken)
          .asString()
          .startsWith("V31");
      without.release();
      ring.descriptor(0, BUFFERS, 4, WRITE, 0).offer(0);
      queue.complete(take(queue), 1);
      assertThat(ring.usedIndex()).isEqualTo(1);
    }
  }

  @Test
  void closingReleasesTheMemoryOfChainsThatNobodyCompleted() throws Exception {
    try (MemoryFile rings = MemoryFile.create("vhost4j-close", 1 << 16);
        MemoryFile buffers = MemoryFile.create("vhost4j-close", 1 << 16)) {
      GuestMemory memory = map(rings, buffers);
      DriverQueue driver = DriverQueue.create(memory, 0, N, 0, 0, 0);
      SplitVirtqueue queue = SplitVirtqueue.create(memory, N, driver.addresses(), 0, 0);
      for (int i = 0; i < 5; i++) {
        driver.add(new long[] {1 << 20}, new int[] {4}, 0, 1);
      }
      driver.publish();
      DescriptorChain first = take(queue);
      DescriptorChain second = take(queue);
      take(queue);
      queue.complete(first, 0);
      memory.release();
      queue.close();
      queue.close();
      assertThat(Maps.count("vhost4j-close")).isZero();
      assertThat(queue.inFlight()).isZero();
      assertThatThrownBy(() -> queue.complete(second, 0)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(queue::next).isInstanceOf(IllegalStateException.class);
      assertThat(queue.needsNotification()).isFalse();
      assertThat(queue.enableKicks()).isFalse();
      queue.disableKicks();
      queue.deliverFaults();
      assertThat(memory.find(0)).as("unmapped").isEqualTo(-1);
    }
  }

  @Test
  void truncatedBufferMemoryIsAnInternalErrorAndLeaksNothing() throws Exception {
    int rounds = 200_000;
    int buffers = MemoryCalls.createMemoryFile("vhost4j-trunc");
    MemoryCalls.truncate(buffers, 1 << 16);
    try (MemoryFile rings = MemoryFile.create("vhost4j-trunc", 1 << 16)) {
      GuestMemory memory =
          GuestMemory.map(
              List.of(
                  new MemoryRegion(0, rings.size(), USER, 0),
                  new MemoryRegion(1 << 20, 1 << 16, USER + (1 << 20), 0)),
              rings.fd(),
              buffers);
      DriverQueue driver = DriverQueue.create(memory, 0, N, 0, 0, 0);
      SplitVirtqueue queue = SplitVirtqueue.create(memory, N, driver.addresses(), 0, 0);
      memory.release();
      long[] address = {1 << 20, (1 << 20) + 4096};
      int[] length = {8, 8};
      for (int i = 0; i < rounds; i++) {
        assertThat(echo(driver, queue, address, length)).isTrue();
      }
      MemoryCalls.truncate(buffers, 0);
      assertThat(echo(driver, queue, address, length)).isFalse();
      queue.close();
      assertThat(Maps.count("vhost4j-trunc")).isZero();
    } finally {
      MemoryCalls.closeFile(buffers);
    }
  }

  @Test
  void truncatedRingMemoryIsAnInternalErrorAndLeaksNothing() throws Exception {
    for (int rounds : new int[] {0, 200_000}) {
      int file = MemoryCalls.createMemoryFile("vhost4j-trunc");
      MemoryCalls.truncate(file, 1 << 16);
      GuestMemory memory = GuestMemory.map(List.of(new MemoryRegion(0, 1 << 16, USER, 0)), file);
      DriverQueue driver = DriverQueue.create(memory, 0, N, 0, 0, 0);
      SplitVirtqueue queue = SplitVirtqueue.create(memory, N, driver.addresses(), 0, 0);
      memory.release();
      long[] address = {8192, 8192 + 4096};
      int[] length = {8, 8};
      for (int i = 0; i < rounds; i++) {
        assertThat(echo(driver, queue, address, length)).isTrue();
      }
      driver.add(address, length, 1, 1);
      driver.publish();
      DescriptorChain inFlight = take(queue);
      MemoryCalls.truncate(file, 0);
      for (int i = 0; i < 3; i++) {
        boolean caught = false;
        try {
          if (i == 0) {
            queue.complete(inFlight, 0);
          } else if (i == 1) {
            queue.enableKicks();
          } else {
            queue.next();
          }
          queue.deliverFaults();
        } catch (InternalError e) {
          caught = true;
        }
        assertThat(caught).as("step %s after %s rounds", i, rounds).isTrue();
      }
      queue.close();
      assertThat(Maps.count("vhost4j-trunc")).isZero();
      MemoryCalls.closeFile(file);
    }
  }

  /** Whether a chain went to the device and back without a fault. */
  private static boolean echo(
      DriverQueue driver, SplitVirtqueue queue, long[] address, int[] length)
      throws VirtqueueException {
    driver.add(address, length, 1, 1);
    driver.publish();
    try {
      DescriptorChain chain = take(queue);
      chain.writer().writeLong(chain.reader().readLong());
      chain.deliverFaults();
      queue.complete(chain, 8);
      queue.deliverFaults();
    } catch (InternalError e) {
      return false;
    }
    return driver.poll() >= 0;
  }
}
