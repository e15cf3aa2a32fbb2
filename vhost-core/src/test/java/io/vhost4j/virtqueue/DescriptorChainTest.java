package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class DescriptorChainTest {
  private static final int LENGTH = 4096;

  private static long sumOfLongs(ByteBuffer view) {
    long sum = 0;
    for (int i = 0; i < 8; i++) {
      sum += view.getLong(8 * i);
    }
    return sum;
  }

  /** Without the question the error comes later, in whatever the thread does then. */
  @Test
  void accessToTruncatedMemoryIsReportedWhenTheChainIsAsked() throws Exception {
    int victim = MemoryCalls.createMemoryFile("vhost4j-chain");
    MemoryCalls.truncate(victim, LENGTH);
    GuestMemory memory = GuestMemory.map(List.of(new MemoryRegion(0, LENGTH, 0, 0)), victim);
    ByteBuffer view = memory.view(0);
    DescriptorChain chain = new DescriptorChain();
    chain.addPiece(false, 0, 0, LENGTH);
    chain.take(0, 0, 0, memory);
    for (int i = 0; i < 100_000; i++) { // until compiled
      assertThat(sumOfLongs(view)).isZero();
      chain.deliverFaults();
    }
    MemoryCalls.truncate(victim, 0);
    for (int i = 0; i < 20; i++) {
      boolean caught = false;
      try {
        long unused = sumOfLongs(view);
        chain.deliverFaults();
      } catch (InternalError e) {
        caught = true;
      }
      assertThat(caught).isTrue();
    }
    chain.giveBack();
    chain.deliverFaults(); // has no memory any more
    memory.release();
    MemoryCalls.closeFile(victim);
  }
}
