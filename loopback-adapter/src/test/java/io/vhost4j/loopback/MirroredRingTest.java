package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.memory.GuestMemory;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.virtqueue.VringAddresses;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A driver's ring and the copies that who serves it sees. */
class MirroredRingTest {
  private static final int SIZE = 4;

  private final ByteBuffer avail = buffer(6 + 2 * SIZE);
  private final ByteBuffer used = buffer(6 + 8 * SIZE);
  private final ByteBuffer mirror = buffer(MirroredRing.MIRROR_BYTES);
  private final MirroredRing ring = new MirroredRing(SIZE, avail, used, mirror);
  private int added;
  private int done;

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** As the driver does. */
  private void add(int... heads) {
    for (int head : heads) {
      avail.putShort(4 + 2 * (added++ % SIZE), (short) head);
    }
    avail.putShort(2, (short) added);
  }

  /** As who serves the ring does. */
  private void use(int head, int length) {
    int entry = 4096 + 4 + 8 * (done++ % SIZE);
    mirror.putInt(entry, head).putInt(entry + 4, length).putShort(4096 + 2, (short) done);
  }

  private List<Integer> returned(int count) {
    assertThat(used.getShort(2)).as("index").isEqualTo((short) count);
    return IntStream.range(Math.max(0, count - SIZE), count)
        .mapToObj(i -> used.getInt(4 + 8 * (i % SIZE)))
        .toList();
  }

  @Test
  void buffersAreHandedOnOnce() throws Exception {
    assertThat(ring.forward()).isFalse();
    add(2, 0);
    assertThat(ring.forward()).isTrue();
    assertThat(mirror.getShort(2)).isEqualTo((short) 2);
    assertThat(mirror.getShort(4)).isEqualTo((short) 2);
    assertThat(mirror.getShort(6)).isZero();
    assertThat(ring.forward()).isFalse();
  }

  @Test
  void buffersGoBackInTheOrderInWhichTheyCame() throws Exception {
    add(2, 0, 1);
    assertThat(ring.forward()).isTrue();
    use(1, 11);
    use(0, 10);
    assertThat(ring.giveBack()).isFalse();
    assertThat(returned(0)).isEmpty();
    use(2, 12);
    assertThat(ring.giveBack()).isTrue();
    assertThat(returned(3)).containsExactly(2, 0, 1);
    assertThat(used.getInt(8)).as("length of the first").isEqualTo(12);
  }

  @Test
  void ringsAreUsedOverAndOver() throws Exception {
    for (int i = 0; i < 70_000; i++) {
      add(i % SIZE);
      assertThat(ring.forward()).isTrue();
      use(i % SIZE, i);
      assertThat(ring.giveBack()).isTrue();
    }
    assertThat(used.getShort(2)).isEqualTo((short) 70_000);
  }

  @Test
  void aRingThatIsSetUpAgainBeginsAnew() throws Exception {
    add(1);
    assertThat(ring.forward()).isTrue();
    use(1, 1);
    MirroredRing next = new MirroredRing(SIZE, buffer(6 + 2 * SIZE), buffer(6 + 8 * SIZE), mirror);
    assertThat(next.forward()).isFalse();
    assertThat(next.giveBack()).isFalse();
    assertThat(mirror.getInt(0)).isZero();
  }

  @Test
  void aDriverThatLooksByItselfIsNotInterrupted() throws Exception {
    avail.putShort(0, (short) 1);
    add(0);
    assertThat(ring.forward()).isTrue();
    use(0, 1);
    assertThat(ring.giveBack()).isFalse();
    assertThat(returned(1)).containsExactly(0);
  }

  @Test
  void aBufferThatWasNotThereBreaksTheRing() throws Exception {
    add(1);
    assertThat(ring.forward()).isTrue();
    use(2, 1);
    assertThatThrownBy(ring::giveBack).hasMessageContaining("not there");
    assertThat(returned(0)).isEmpty();
  }

  @Test
  void aBufferThatComesBackTwiceBreaksTheRing() throws Exception {
    add(1, 2);
    assertThat(ring.forward()).isTrue();
    use(2, 1);
    assertThat(ring.giveBack()).isFalse();
    use(2, 1);
    assertThatThrownBy(ring::giveBack).hasMessageContaining("not there");
  }

  @Test
  void moreThanTheRingHoldsBreaksIt() {
    mirror.putShort(4096 + 2, (short) (SIZE + 1));
    assertThatThrownBy(ring::giveBack).hasMessageContaining("more buffers");
  }

  @Test
  void whatIsInFlightFails() throws Exception {
    int file = MemoryCalls.createMemoryFile("test");
    MemoryCalls.truncate(file, 8192);
    GuestMemory memory = GuestMemory.map(List.of(new MemoryRegion(0, 8192, 0, 0)), file);
    MemoryCalls.closeFile(file);
    VringAddresses at = new VringAddresses(0, 1024, 2048);
    ByteBuffer bytes = memory.view(memory.find(0));
    bytes.putShort(2048 + 2, (short) 1); // one is back already
    // What the device reads, and then what it writes.
    bytes.putLong(0, 4096).putInt(8, 16).putShort(12, (short) 1).putShort(14, (short) 1);
    bytes.putLong(16, 5000).putInt(24, 3).putShort(28, (short) 2);
    bytes.putShort(1024 + 4 + 2, (short) 0).putShort(1024 + 2, (short) 2);
    assertThat(MirroredRing.fail(memory, SIZE, at, 0)).isTrue();
    assertThat(bytes.getShort(2048 + 2)).as("used index").isEqualTo((short) 2);
    assertThat(bytes.getInt(2048 + 4 + 8)).as("head").isZero();
    assertThat(bytes.getInt(2048 + 4 + 12)).as("length").isZero();
    assertThat(bytes.getInt(5000)).isEqualTo(0x00ff_ffff);
    assertThat(bytes.get(4096)).as("what it reads").isZero();
    assertThat(MirroredRing.fail(memory, SIZE, at, 0)).isFalse();
    memory.release();
  }
}
