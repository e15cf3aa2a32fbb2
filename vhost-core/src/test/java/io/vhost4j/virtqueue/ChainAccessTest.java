package io.vhost4j.virtqueue;

import static io.vhost4j.virtqueue.RawRing.BUFFERS;
import static io.vhost4j.virtqueue.RawRing.ISLAND;
import static io.vhost4j.virtqueue.RawRing.NEXT;
import static io.vhost4j.virtqueue.RawRing.SEAM;
import static io.vhost4j.virtqueue.RawRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.BufferOverflowException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Readers and writers give the same bytes whatever the framing is (V4, VIRTIO 2.7.4.1). */
class ChainAccessTest {
  private RawRing ring;
  private SplitVirtqueue queue;

  @BeforeEach
  void open() throws Exception {
    ring = new RawRing(64);
    queue = ring.device(0);
  }

  @AfterEach
  void close() {
    queue.close();
    ring.close();
  }

  private DescriptorChain take() throws VirtqueueException {
    ring.offer(0);
    return Objects.requireNonNull(queue.next());
  }

  /** One descriptor for each length; pieces lie apart, in three regions, and over their seam. */
  private DescriptorChain chain(boolean writable, int... lengths) throws VirtqueueException {
    long[] areas = {BUFFERS, SEAM - 3, ISLAND};
    for (int i = 0; i < lengths.length; i++) {
      int flags = (writable ? WRITE : 0) | (i == lengths.length - 1 ? 0 : NEXT);
      ring.descriptor(i, address(areas, i), lengths[i], flags, i + 1);
    }
    return take();
  }

  private static long address(long[] areas, int i) {
    return areas[i % areas.length] + 512L * (i / areas.length);
  }

  private void fill(int... lengths) {
    long[] areas = {BUFFERS, SEAM - 3, ISLAND};
    int value = 0;
    for (int i = 0; i < lengths.length; i++) {
      byte[] bytes = new byte[lengths[i]];
      for (int j = 0; j < lengths[i]; j++) {
        bytes[j] = (byte) value++;
      }
      ring.write(address(areas, i), bytes);
    }
  }

  private byte[] content(int... lengths) {
    long[] areas = {BUFFERS, SEAM - 3, ISLAND};
    ByteBuffer all = ByteBuffer.allocate(Arrays.stream(lengths).sum());
    for (int i = 0; i < lengths.length; i++) {
      all.put(ring.read(address(areas, i), lengths[i]));
    }
    return all.array();
  }

  @Test
  void integersAreLittleEndianAlsoOverPiecesOfOneByte() throws Exception {
    int[] lengths = new int[15];
    Arrays.fill(lengths, 1);
    fill(lengths);
    ChainReader reader = chain(false, lengths).reader();
    assertThat(reader.readByte()).isEqualTo((byte) 0);
    assertThat(reader.readShort()).isEqualTo((short) 0x0201);
    assertThat(reader.readInt()).isEqualTo(0x06050403);
    assertThat(reader.readLong()).isEqualTo(0x0e0d0c0b0a090807L);
    assertThat(reader.remaining()).isZero();

    ChainWriter writer = chain(true, lengths).writer();
    writer.writeByte((byte) -1);
    writer.writeShort((short) 0x8182);
    writer.writeInt(0x91929394);
    writer.writeLong(0xa1a2a3a4a5a6a7a8L);
    assertThat(writer.position()).isEqualTo(15);
    assertThat(content(lengths)[0]).isEqualTo((byte) -1);
    ByteBuffer written = ByteBuffer.wrap(content(lengths)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(written.getShort(1)).isEqualTo((short) 0x8182);
    assertThat(written.getInt(3)).isEqualTo(0x91929394);
    assertThat(written.getLong(7)).isEqualTo(0xa1a2a3a4a5a6a7a8L);
  }

  @Test
  void goingPastTheEndIsRefusedAndChangesNothing() throws Exception {
    fill(3, 3);
    ChainReader reader = chain(false, 3, 3).reader();
    reader.skip(1);
    assertThatThrownBy(reader::readLong).isInstanceOf(BufferUnderflowException.class);
    assertThatThrownBy(() -> reader.skip(6)).isInstanceOf(BufferUnderflowException.class);
    assertThatThrownBy(() -> reader.skip(-1)).isInstanceOf(BufferUnderflowException.class);
    assertThatThrownBy(() -> reader.position(7)).isInstanceOf(BufferUnderflowException.class);
    assertThatThrownBy(() -> reader.position(-1)).isInstanceOf(BufferUnderflowException.class);
    assertThatThrownBy(() -> reader.read(ByteBuffer.allocate(6)))
        .isInstanceOf(BufferUnderflowException.class);
    assertThat(reader.remaining()).isEqualTo(5);
    assertThat(reader.readByte()).isEqualTo((byte) 1);
    reader.position(6);
    assertThatThrownBy(reader::readByte).isInstanceOf(BufferUnderflowException.class);
    assertThat(reader.contiguous().hasRemaining()).isFalse();

    ChainWriter writer = chain(true, 3, 3).writer();
    writer.skip(1);
    assertThatThrownBy(() -> writer.writeLong(0)).isInstanceOf(BufferOverflowException.class);
    assertThatThrownBy(() -> writer.writeZeros(6)).isInstanceOf(BufferOverflowException.class);
    assertThatThrownBy(() -> writer.writeZeros(-1)).isInstanceOf(BufferOverflowException.class);
    assertThatThrownBy(() -> writer.write(ByteBuffer.allocate(6)))
        .isInstanceOf(BufferOverflowException.class);
    assertThatThrownBy(() -> writer.position(7)).isInstanceOf(BufferOverflowException.class);
    assertThatThrownBy(() -> writer.skip(6)).isInstanceOf(BufferOverflowException.class);
    assertThat(writer.position()).isEqualTo(1);
    assertThat(writer.remaining()).isEqualTo(5);
    writer.position(6);
    assertThatThrownBy(() -> writer.writeByte((byte) 0))
        .isInstanceOf(BufferOverflowException.class);
    assertThat(writer.contiguous().hasRemaining()).isFalse();
  }

  @Test
  void aWriterReachesTheEndFirstAndComesBack() throws Exception {
    ChainWriter writer = chain(true, 2, 2, 2).writer();
    writer.position(5);
    writer.writeByte((byte) 5);
    writer.position(1);
    writer.writeShort((short) 0x0201);
    assertThat(writer.position()).isEqualTo(3);
    assertThat(content(2, 2, 2)).containsExactly(0, 1, 2, 0, 0, 5);
  }

  @Test
  void piecesThatFollowEachOtherInMemoryAreOne() throws Exception {
    ring.descriptor(0, BUFFERS, 100, NEXT, 1)
        .descriptor(1, BUFFERS + 100, 28, NEXT, 2)
        .descriptor(2, BUFFERS + 128, 10, NEXT | WRITE, 3)
        .descriptor(3, BUFFERS + 138, 6, NEXT | WRITE, 4)
        .descriptor(4, BUFFERS + 145, 1, WRITE, 0);
    DescriptorChain chain = take();
    assertThat(chain.reader().contiguous().remaining()).isEqualTo(128);
    assertThat(chain.writer().contiguous().remaining()).isEqualTo(16);
    chain.writer().skip(16);
    assertThat(chain.writer().contiguous().remaining()).isEqualTo(1);
  }

  @Test
  void readableMemoryCannotBeWrittenThroughAChain() throws Exception {
    ByteBuffer readable = chain(false, 8).reader().contiguous();
    assertThatThrownBy(() -> readable.put(readable.position(), (byte) 1))
        .isInstanceOf(ReadOnlyBufferException.class);
  }

  @Test
  void aChainThatWasCompletedIsEmpty() throws Exception {
    DescriptorChain chain = chain(false, 8);
    queue.complete(chain, 0);
    assertThat(chain.reader().size()).isZero();
    assertThat(chain.reader().remaining()).isZero();
    assertThatThrownBy(() -> chain.reader().readByte())
        .isInstanceOf(BufferUnderflowException.class);
    assertThat(chain.reader().contiguous().hasRemaining()).isFalse();
  }

  @Property(tries = 400)
  void anyMixOfReadsGivesTheSameBytesInAnyFraming(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 200) Integer> sizes, @ForAll long seed)
      throws Exception {
    int[] lengths = sizes.stream().mapToInt(Integer::intValue).toArray();
    open();
    try {
      fill(lengths);
      ChainReader reader = chain(false, lengths).reader();
      int size = Arrays.stream(lengths).sum();
      assertThat(reader.size()).isEqualTo(size);
      Random random = new Random(seed);
      int at = 0;
      while (at < size) {
        assertThat(reader.remaining()).isEqualTo(size - at);
        switch (random.nextInt(6)) {
          case 0 -> assertThat(reader.readByte()).isEqualTo((byte) at++);
          case 1 -> {
            if (size - at >= 4) {
              int expected = 0;
              for (int i = 3; i >= 0; i--) {
                expected = (expected << 8) | ((at + i) & 0xff);
              }
              assertThat(reader.readInt()).isEqualTo(expected);
              at += 4;
            }
          }
          case 2 -> {
            byte[] target = new byte[random.nextInt(size - at + 1)];
            reader.read(ByteBuffer.wrap(target));
            for (byte b : target) {
              assertThat(b).isEqualTo((byte) at++);
            }
          }
          case 3 -> {
            ByteBuffer window = reader.contiguous();
            int count = random.nextInt(window.remaining()) + 1;
            for (int i = 0; i < count; i++) {
              assertThat(window.get()).isEqualTo((byte) (at + i));
            }
            reader.skip(count);
            at += count;
          }
          case 4 -> {
            int bytes = random.nextInt(size - at + 1);
            reader.skip(bytes);
            at += bytes;
          }
          default -> {
            at = random.nextInt(size + 1);
            reader.position(at);
          }
        }
      }
      assertThat(reader.remaining()).isZero();
    } finally {
      close();
    }
  }

  @Property(tries = 400)
  void anyMixOfWritesLeavesTheSameBytesInAnyFraming(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 200) Integer> sizes, @ForAll long seed)
      throws Exception {
    int[] lengths = sizes.stream().mapToInt(Integer::intValue).toArray();
    open();
    try {
      ChainWriter writer = chain(true, lengths).writer();
      int size = Arrays.stream(lengths).sum();
      assertThat(writer.size()).isEqualTo(size);
      byte[] expected = new byte[size];
      Random random = new Random(seed);
      int at = 0;
      for (int step = 0; step < 60; step++) {
        int room = size - at;
        int count = random.nextInt(room + 1);
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        switch (random.nextInt(6)) {
          case 0 -> writer.write(ByteBuffer.wrap(bytes));
          case 1 -> {
            ByteBuffer window = writer.contiguous();
            count = Math.min(count, window.remaining());
            window.put(bytes, 0, count);
            writer.skip(count);
          }
          case 2 -> {
            Arrays.fill(bytes, (byte) 0);
            writer.writeZeros(count);
          }
          case 3 -> {
            count = Math.min(count, 8);
            if (count == 8) {
              writer.writeLong(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
            } else {
              writer.write(ByteBuffer.wrap(bytes, 0, count));
            }
          }
          case 4 -> {
            for (byte b : bytes) {
              writer.writeByte(b);
            }
          }
          default -> {
            at = random.nextInt(size + 1);
            writer.position(at);
            count = 0;
          }
        }
        System.arraycopy(bytes, 0, expected, at, count);
        at += count;
        assertThat(writer.position()).isEqualTo(at);
        assertThat(writer.remaining()).isEqualTo(size - at);
      }
      assertThat(content(lengths)).isEqualTo(expected);
    } finally {
      close();
    }
  }
}
