package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Once warm, a buffer's way to the device and back allocates nothing on either side. */
@Tag("jdk")
class SteadyStateAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long[] addresses = {1 << 20, (1 << 20) + 512, (2 << 20) - 4, (2 << 20) + 512};
  private final int[] lengths = {12, 100, 64, 8};
  private final DescriptorChain[] held = new DescriptorChain[8];
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(256);
  private final ByteBuffer heap = ByteBuffer.allocate(256);
  private long sum;

  @Test
  void aHundredThousandBuffersAllocateNotOneByte() throws Exception {
    long features = RingFeatures.EVENT_IDX | RingFeatures.INDIRECT_DESC;
    try (MemoryFile file = MemoryFile.create("vhost4j-steady", 3 << 20)) {
      GuestMemory memory =
          GuestMemory.map(
              List.of(
                  new MemoryRegion(0, 2 << 20, 0, 0),
                  new MemoryRegion(2 << 20, 1 << 20, 2 << 20, 2 << 20)),
              file.fd(),
              file.fd());
      DriverQueue driver = DriverQueue.create(memory, 0, 64, 4, features, 0);
      try (SplitVirtqueue device =
          SplitVirtqueue.create(memory, 64, driver.addresses(), features, 0)) {
        run(driver, device, 20_000);
        long thread = Thread.currentThread().getId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        long self = THREADS.getThreadAllocatedBytes(thread) - before;
        before = THREADS.getThreadAllocatedBytes(thread);
        run(driver, device, 100_000);
        long after = THREADS.getThreadAllocatedBytes(thread);
        assertThat(after - before - self).isZero();
      }
      memory.release();
    }
    assertThat(sum).isNotZero();
  }

  private void run(DriverQueue driver, SplitVirtqueue device, int buffers)
      throws VirtqueueException {
    for (int i = 0; i < buffers; i += held.length) {
      for (int j = 0; j < held.length; j++) {
        int head =
            (j & 1) == 0
                ? driver.add(addresses, lengths, 2, 2)
                : driver.addIndirect(addresses, lengths, 2, 2);
        sum += head;
      }
      driver.publish();
      sum += driver.needsKick() ? 1 : 0;
      device.disableKicks();
      int count = 0;
      for (DescriptorChain chain = device.next(); chain != null; chain = device.next()) {
        held[count++] = chain;
        use(chain);
      }
      while (count > 0) {
        device.complete(held[--count], 72);
      }
      sum += device.needsNotification() ? 1 : 0;
      sum += device.enableKicks() ? 1 : 0;
      device.deliverFaults();
      driver.disableNotifications();
      while (driver.poll() >= 0) {
        sum += driver.usedLength();
      }
      sum += driver.enableNotifications() ? 1 : 0;
    }
  }

  private void use(DescriptorChain chain) {
    ChainReader reader = chain.reader();
    sum += reader.readInt() + reader.readLong();
    scratch.clear().limit(50);
    reader.read(scratch);
    sum += reader.contiguous().remaining();
    ChainWriter writer = chain.writer();
    writer.writeInt(1);
    writer.writeLong(2);
    writer.contiguous().putInt(3);
    writer.skip(8);
    writer.write(heap.clear().limit(20));
    writer.position(0);
    writer.writeZeros(10);
    chain.deliverFaults();
  }
}
