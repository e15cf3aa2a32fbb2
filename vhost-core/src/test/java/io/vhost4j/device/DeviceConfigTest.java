package io.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class DeviceConfigTest {
  private static final int SIZE = 12;

  private final List<String> written = new ArrayList<>();
  private final DeviceConfig config =
      new DeviceConfig(SIZE)
          .writable(1, 1, () -> written.add("one"))
          .writable(4, 4, () -> written.add("four"));

  private byte[] all() {
    ByteBuffer target = ByteBuffer.allocate(SIZE);
    config.read(0, target);
    return target.array();
  }

  /** F6. */
  @Test
  void aWriteOfTheWholeSpaceChangesWhatIsWritable() {
    config.bytes().putInt(8, 0x01020304);
    config.write(0, ByteBuffer.wrap(new byte[] {9, 9, 9, 9, 9, 8, 7, 6, 9, 9, 9, 9}));
    assertThat(all()).containsExactly(0, 9, 0, 0, 9, 8, 7, 6, 4, 3, 2, 1);
    assertThat(written).containsExactly("one", "four");
  }

  @Test
  void aWriteIsToldEvenIfItChangesNothing() {
    config.write(1, ByteBuffer.wrap(new byte[1]));
    config.write(1, ByteBuffer.wrap(new byte[1]));
    config.write(2, ByteBuffer.wrap(new byte[2]));
    assertThat(written).containsExactly("one", "one");
  }

  /** C36. */
  @Test
  void aResetTakesBackWhatTheDriverHasWrittenAndNothingElse() {
    DeviceConfig console = new DeviceConfig(SIZE);
    console.bytes().putInt(4, 7);
    console.writable(4, 4, () -> written.add("written"));
    console.bytes().putShort(0, (short) 80);
    console.write(0, ByteBuffer.wrap(new byte[SIZE]));
    console.reset();
    assertThat(console.bytes().getInt(4)).isEqualTo(7);
    assertThat(console.bytes().getShort(0)).as("the device's own").isEqualTo((short) 80);
    assertThat(written).containsExactly("written");
  }

  @Test
  void aSelectorDecidesWhatIsReadFromTheBeginningAndAfterEachWriteAndAReset() {
    DeviceConfig chosen = new DeviceConfig(SIZE);
    ByteBuffer bytes = chosen.bytes();
    chosen.selector(0, 2, () -> bytes.put(2, (byte) (10 * bytes.get(0) + bytes.get(1) + 1)));
    assertThat(bytes.get(2)).isEqualTo((byte) 1);
    chosen.write(0, ByteBuffer.wrap(new byte[] {2}));
    assertThat(bytes.get(2)).isEqualTo((byte) 21);
    chosen.write(0, ByteBuffer.wrap(new byte[] {3, 4, 99}));
    assertThat(bytes.get(2)).isEqualTo((byte) 35);
    chosen.reset();
    assertThat(bytes.get(2)).isEqualTo((byte) 1);
  }

  /** H8. */
  @Test
  void whatIsNotInsideIsRefused() {
    assertThatThrownBy(() -> config.write(SIZE - 1, ByteBuffer.allocate(2)))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> config.write(-1, ByteBuffer.allocate(2)))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> config.read(SIZE - 1, ByteBuffer.allocate(2)))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> config.writable(SIZE - 1, 2, () -> {}))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(written).isEmpty();
  }

  @Property
  void aWriteIsByteByByte(
      @ForAll @IntRange(max = SIZE) int offset, @ForAll @Size(max = SIZE) byte[] bytes) {
    int length = Math.min(bytes.length, SIZE - offset);
    byte[] expected = all();
    for (int i = 0; i < length; i++) {
      int at = offset + i;
      if (at == 1 || (at >= 4 && at < 8)) {
        expected[at] = bytes[i];
      }
    }
    ByteBuffer source = ByteBuffer.allocate(40).position(7).put(bytes, 0, length).flip();
    config.write(offset, source.position(7));
    assertThat(all()).isEqualTo(expected);
  }

  @Test
  void theBytesAreReadFromAnyPlace() {
    config.bytes().putLong(0, 0x0807060504030201L);
    ByteBuffer target = ByteBuffer.allocate(8).position(2).limit(5);
    config.read(3, target);
    assertThat(target.array()).containsExactly(0, 0, 4, 5, 6, 0, 0, 0);
  }
}
