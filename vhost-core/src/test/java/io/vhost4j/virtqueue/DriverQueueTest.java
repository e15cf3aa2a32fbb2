package io.vhost4j.virtqueue;

import static io.vhost4j.virtqueue.RawRing.BUFFERS;
import static io.vhost4j.virtqueue.RawRing.HOLE;
import static io.vhost4j.virtqueue.RawRing.SEAM;
import static io.vhost4j.virtqueue.RawRing.USER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DriverQueueTest {
  private static final int N = 4;

  private RawRing memory;

  @BeforeEach
  void open() throws Exception {
    memory = new RawRing(N);
  }

  @AfterEach
  void close() {
    memory.close();
  }

  private DriverQueue driver(int tableEntries, long features, int start) {
    return DriverQueue.create(memory.memory, BUFFERS, N, tableEntries, features, start);
  }

  private static final long[] ADDRESSES = {SEAM, SEAM + 64, SEAM + 128, SEAM + 192, SEAM + 256};
  private static final int[] LENGTHS = {1, 2, 3, 4, 5};

  /** The used ring of a queue of N entries at BUFFERS, to be written by a wicked device. */
  private ByteBuffer used(DriverQueue driver) {
    return Objects.requireNonNull(
        memory.memory.sliceAtUserAddress(driver.addresses().usedRing(), 6 + 8 * N));
  }

  private static void use(ByteBuffer used, int slot, int id, int length) {
    used.putInt(4 + 8 * slot, id).putInt(8 + 8 * slot, length);
  }

  @Test
  void ringsAreLaidOutAlignedAndApart() {
    DriverQueue driver = driver(2, 0, 0);
    VringAddresses addresses = driver.addresses();
    assertThat(addresses.descriptorTable()).isEqualTo(USER + BUFFERS);
    assertThat(addresses.availRing()).isEqualTo(USER + BUFFERS + 64);
    assertThat(addresses.usedRing()).isEqualTo(USER + BUFFERS + 128);
    assertThat(DriverQueue.bytesNeeded(N, 2)).isEqualTo(192 + N * 2 * 16);
    assertThat(driver.size()).isEqualTo(N);
  }

  @Test
  void memoryThatHasBeenUsedBeforeIsAnEmptyRing() throws Exception {
    for (long features : new long[] {0, RingFeatures.EVENT_IDX}) {
      ByteBuffer dirt = ByteBuffer.allocateDirect(DriverQueue.bytesNeeded(N, 0));
      for (int i = 0; i < dirt.capacity(); i++) {
        dirt.put(i, (byte) -1);
      }
      assertThat(memory.memory.write(BUFFERS, dirt)).isTrue();
      DriverQueue driver = driver(0, features, 0);
      assertThat(driver.poll()).isEqualTo(-1);
      assertThat(driver.add(ADDRESSES, LENGTHS, 1, 0)).isNotNegative();
      driver.publish();
      assertThat(driver.needsKick()).as("features %x", features).isTrue();
    }
  }

  @Test
  void impossibleRingsAreRefused() {
    assertThatThrownBy(() -> DriverQueue.create(memory.memory, BUFFERS, 3, 0, 0, 0))
        .hasMessageContaining("a ring of 3");
    assertThatThrownBy(() -> DriverQueue.create(memory.memory, BUFFERS + 16, N, 0, 0, 0))
        .hasMessageContaining("not aligned");
    assertThatThrownBy(() -> DriverQueue.create(memory.memory, HOLE - 64, N, 0, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no memory for the ring at");
    assertThatThrownBy(() -> DriverQueue.create(memory.memory, BUFFERS, N, 10000, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void chainsTakeDescriptorsAndGiveThemBackInAnyOrder() throws Exception {
    DriverQueue driver = driver(5, RingFeatures.INDIRECT_DESC, 0);
    try (SplitVirtqueue device =
        SplitVirtqueue.create(
            memory.memory, N, driver.addresses(), RingFeatures.INDIRECT_DESC, 0)) {
      for (int round = 0; round < 50; round++) {
        int pair = driver.add(ADDRESSES, LENGTHS, 1, 1);
        int table = driver.addIndirect(ADDRESSES, LENGTHS, 2, 3);
        assertThat(driver.freeDescriptors()).isEqualTo(1);
        assertThat(driver.add(ADDRESSES, LENGTHS, 1, 1)).as("no room").isEqualTo(-1);
        int single = driver.add(ADDRESSES, LENGTHS, 1, 0);
        assertThat(driver.addIndirect(ADDRESSES, LENGTHS, 1, 0)).as("no room").isEqualTo(-1);
        assertThat(driver.inFlight()).isEqualTo(3);
        assertThat(Set.of(pair, table, single)).hasSize(3);
        assertThat(device.next()).as("not published").isNull();
        driver.publish();
        DescriptorChain first = Objects.requireNonNull(device.next());
        assertThat(first.head()).isEqualTo(pair);
        DescriptorChain second = Objects.requireNonNull(device.next());
        assertThat(second.reader().size()).isEqualTo(3);
        assertThat(second.writer().size()).isEqualTo(12);
        DescriptorChain third = Objects.requireNonNull(device.next());
        device.complete(second, 12);
        device.complete(third, 0);
        device.complete(first, 2);
        assertThat(driver.poll()).isEqualTo(table);
        assertThat(driver.usedLength()).isEqualTo(12);
        assertThat(driver.poll()).isEqualTo(single);
        assertThat(driver.poll()).isEqualTo(pair);
        assertThat(driver.usedLength()).isEqualTo(2);
        assertThat(driver.poll()).isEqualTo(-1);
        assertThat(driver.freeDescriptors()).isEqualTo(N);
      }
    }
  }

  @Test
  void everyDescriptorIsUsable() {
    DriverQueue driver = driver(0, 0, 0);
    Set<Integer> heads = new HashSet<>();
    for (int i = 0; i < N; i++) {
      heads.add(driver.add(ADDRESSES, LENGTHS, 1, 0));
    }
    assertThat(heads).containsExactlyInAnyOrder(0, 1, 2, 3);
  }

  @Test
  void senselessChainsAreRefused() {
    DriverQueue driver = driver(2, RingFeatures.INDIRECT_DESC, 0);
    assertThatThrownBy(() -> driver.add(ADDRESSES, LENGTHS, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> driver.add(ADDRESSES, LENGTHS, -1, 2))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> driver.add(ADDRESSES, LENGTHS, 3, 3))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> driver.addIndirect(ADDRESSES, LENGTHS, 2, 1))
        .hasMessage("no indirect table for 3 buffers");
    DriverQueue plain = driver(2, 0, 0);
    assertThatThrownBy(() -> plain.addIndirect(ADDRESSES, LENGTHS, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void assertDeviceRefused(int index, int id, int length, String message) {
    DriverQueue driver = driver(0, 0, 65535);
    int head = driver.add(ADDRESSES, LENGTHS, 1, 1);
    assertThat(head).isZero();
    driver.publish();
    ByteBuffer used = used(driver);
    use(used, 65535 % N, id, length);
    use(used, 0, id, length);
    used.putShort(2, (short) index);
    assertThatThrownBy(driver::poll)
        .isInstanceOf(VirtqueueException.class)
        .extracting(Rules::broken)
        .asString()
        .startsWith(message);
  }

  @Test
  void aUsedIndexThatReturnsMoreThanIsInFlightIsRefused() {
    assertDeviceRefused(1, 0, 0, "V2: used index 1");
    assertDeviceRefused(65534, 0, 0, "V2: used index 65534");
  }

  @Test
  void aUsedIdThatIsNotInFlightIsRefused() {
    assertDeviceRefused(0, N, 0, "V9: used id 4 ");
    assertDeviceRefused(0, -1, 0, "V9: used id 4294967295 ");
    assertDeviceRefused(0, 1, 0, "V9: used id 1 ");
  }

  @Test
  void aUsedLengthBeyondTheWritablePartIsRefused() {
    assertDeviceRefused(0, 0, 3, "V8: used length 3 of a chain with room for 2");
    assertDeviceRefused(0, 0, -1, "V8: used length 4294967295");
  }

  @Test
  void theSameIdTwiceIsRefused() throws Exception {
    DriverQueue driver = driver(0, 0, 0);
    driver.add(ADDRESSES, LENGTHS, 1, 0);
    driver.add(ADDRESSES, LENGTHS, 1, 0);
    driver.publish();
    ByteBuffer used = used(driver);
    use(used, 0, 1, 0);
    use(used, 1, 1, 0);
    used.putShort(2, (short) 2);
    assertThat(driver.poll()).isEqualTo(1);
    assertThatThrownBy(driver::poll).extracting(Rules::broken).asString().startsWith("V9");
  }

  @Test
  void whatADeviceScribblesIntoTheDescriptorTableDoesNotHarmTheFreeList() throws Exception {
    DriverQueue driver = driver(0, 0, 0);
    int head = driver.add(ADDRESSES, LENGTHS, 2, 1);
    driver.publish();
    byte[] garbage = new byte[16 * N];
    Arrays.fill(garbage, (byte) 0xff);
    memory.write(BUFFERS, garbage);
    ByteBuffer used = used(driver);
    use(used, 0, head, 1);
    used.putShort(2, (short) 1);
    assertThat(driver.poll()).isEqualTo(head);
    assertThat(driver.freeDescriptors()).isEqualTo(N);
    for (int i = 0; i < N; i++) {
      assertThat(driver.add(ADDRESSES, LENGTHS, 0, 1)).isBetween(0, N - 1);
    }
  }
}
