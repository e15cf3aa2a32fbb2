package io.vhost4j.virtqueue;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class RoundTripTest {
  @Test
  void aChainGoesToTheDeviceAndBack() throws Exception {
    try (MemoryFile file = MemoryFile.create("test", 1 << 20)) {
      GuestMemory memory =
          GuestMemory.map(List.of(new MemoryRegion(0x1000, 1 << 20, 0x7000_0000, 0)), file.fd());
      long features = RingFeatures.EVENT_IDX | RingFeatures.INDIRECT_DESC;
      DriverQueue driver = DriverQueue.create(memory, 0x1000, 16, 4, features, 65530);
      SplitVirtqueue device =
          SplitVirtqueue.create(memory, 16, driver.addresses(), features, driver.startIndex());
      assertThat(device.enableKicks()).isFalse();
      for (int i = 0; i < 100; i++) {
        long[] addresses = {0x9000, 0x9100, 0xa000};
        int[] lengths = {16, 4, 8};
        memory.write(0x9000, ByteBuffer.wrap("0123456789abcdef".getBytes(US_ASCII)));
        int head =
            i % 2 == 0
                ? driver.add(addresses, lengths, 1, 2)
                : driver.addIndirect(addresses, lengths, 1, 2);
        driver.publish();
        assertThat(driver.needsKick()).isTrue();
        DescriptorChain chain = Objects.requireNonNull(device.next());
        assertThat(chain.head()).isEqualTo(head);
        assertThat(chain.reader().size()).isEqualTo(16);
        assertThat(chain.writer().size()).isEqualTo(12);
        assertThat(chain.reader().readInt()).isEqualTo(0x33323130);
        chain.writer().writeLong(0x1122334455667788L);
        assertThat(device.next()).isNull();
        device.complete(chain, 8);
        assertThat(device.needsNotification()).isTrue();
        assertThat(device.enableKicks()).isFalse();
        assertThat(driver.poll()).isEqualTo(head);
        assertThat(driver.usedLength()).isEqualTo(8);
        assertThat(driver.poll()).isEqualTo(-1);
        driver.enableNotifications();
        ByteBuffer out = ByteBuffer.allocate(8);
        memory.read(0xa000, out);
        assertThat(out.getInt(0)).isEqualTo(0x44332211);
      }
      device.close();
      memory.release();
    }
  }
}
