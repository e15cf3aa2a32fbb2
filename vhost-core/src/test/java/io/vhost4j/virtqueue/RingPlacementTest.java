package io.vhost4j.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryFile;
import io.vhost4j.memory.MemoryRegion;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rule V31: where a ring may be. */
class RingPlacementTest {
  private static final long USER = 0x10000;
  private static final long SIZE = 0x10000;

  private static void create(long fileOffset, int size, long table, long avail, long used)
      throws Exception {
    try (MemoryFile file = MemoryFile.create("vhost4j-place", 2 * SIZE)) {
      GuestMemory memory =
          GuestMemory.map(
              List.of(
                  new MemoryRegion(0, SIZE, USER, fileOffset),
                  new MemoryRegion(SIZE, 0x1000, USER + SIZE, 0)),
              file.fd(),
              file.fd());
      try {
        SplitVirtqueue.create(memory, size, new VringAddresses(table, avail, used), 0, 0).close();
      } finally {
        memory.release();
      }
    }
  }

  private static void assertRefused(
      long fileOffset, int size, long table, long avail, long used, String message) {
    assertThatThrownBy(() -> create(fileOffset, size, table, avail, used))
        .isInstanceOf(VirtqueueException.class)
        .extracting(Rules::broken)
        .asString()
        .startsWith(message);
  }

  @Test
  void v31RingsMayTouchTheEndsOfTheirRegion() throws Exception {
    create(0, 16, USER, USER + 0x1002, USER + SIZE - (6 + 8 * 16) - 2);
    create(0, 16, USER + SIZE - 256, USER + SIZE - 38, USER + 4);
    create(0, 1, USER, USER + 16, USER + 24);
    create(4, 2048, USER, USER + 0x8000, USER + 0xa000);
  }

  @Test
  void v31APartOutsideMemoryIsRefused() {
    assertRefused(0, 16, USER - 16, USER, USER, "V31: descriptor table outside memory: 0xfff0");
    assertRefused(0, 16, USER, 0, USER, "V31: avail ring outside memory: 0x0+0x26");
    assertRefused(0, 16, USER, USER, -4, "V31: used ring outside memory: 0xfffffffffffffffc+0x86");
    assertRefused(0, 16, USER, USER, Long.MAX_VALUE, "V31: used ring outside memory");
  }

  @Test
  void v31APartThatDoesNotEndInItsRegionIsRefused() {
    assertRefused(0, 16, USER + SIZE - 240, USER, USER, "V31: descriptor table outside");
    assertRefused(0, 16, USER, USER + SIZE - 36, USER, "V31: avail ring outside");
    assertRefused(0, 16, USER, USER, USER + SIZE - 132, "V31: used ring outside");
  }

  @Test
  void v31AMisalignedPartIsRefused() {
    assertRefused(0, 16, USER + 8, USER, USER, "V31: descriptor table at 0x10008 is not aligned");
    assertRefused(0, 16, USER, USER + 1, USER, "V31: avail ring at 0x10001 is not aligned to 2");
    assertRefused(0, 16, USER, USER, USER + 2, "V31: used ring at 0x10002 is not aligned to 4");
  }

  @Test
  void v31ARingThatAnOddFileOffsetMisalignsIsRefused() {
    assertRefused(1, 16, USER, USER, USER, "V31");
  }

  @Test
  void e7ImpossibleSizesAreRefused() {
    for (int size : new int[] {0, -1, 3, 12, 65536, Integer.MIN_VALUE}) {
      assertRefused(0, size, USER, USER, USER, "E7: a ring of " + size);
    }
  }

  @Test
  void theLargestRingWorks() throws Exception {
    try (MemoryFile file = MemoryFile.create("vhost4j-place", 1 << 21)) {
      GuestMemory memory = GuestMemory.map(List.of(new MemoryRegion(0, 1 << 21, 0, 0)), file.fd());
      DriverQueue driver = DriverQueue.create(memory, 0, 32768, 0, 0, 40000);
      SplitVirtqueue device =
          SplitVirtqueue.create(memory, 32768, driver.addresses(), 0, driver.startIndex());
      long[] address = {0x100000};
      int[] length = {1};
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 32768; i++) {
          assertThat(driver.add(address, length, 1, 0)).isNotNegative();
        }
        assertThat(driver.add(address, length, 1, 0)).isEqualTo(-1);
        driver.publish();
        DescriptorChain[] chains = new DescriptorChain[32768];
        for (int i = 0; i < 32768; i++) {
          chains[i] = device.next();
        }
        assertThat(device.next()).isNull();
        for (DescriptorChain chain : chains) {
          device.complete(chain, 0);
        }
        for (int i = 0; i < 32768; i++) {
          assertThat(driver.poll()).isNotNegative();
        }
        assertThat(driver.poll()).isEqualTo(-1);
      }
      device.close();
      memory.release();
    }
  }
}
