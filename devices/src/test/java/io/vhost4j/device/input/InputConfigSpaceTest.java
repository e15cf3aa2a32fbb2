package io.vhost4j.device.input;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.input.InputDescription.Ids;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a driver reads of a device. */
class InputConfigSpaceTest {
  private DeviceConfig config = InputConfigSpace.of(ScriptedHost.everything(true));

  private ByteBuffer read() {
    ByteBuffer all = ByteBuffer.allocate(InputConfigSpace.SIZE).order(ByteOrder.LITTLE_ENDIAN);
    config.read(0, all);
    return all.flip();
  }

  /** As Linux does: a byte at a time. */
  private byte[] select(int select, int subsel) {
    config.write(0, ByteBuffer.wrap(new byte[] {(byte) select}));
    config.write(1, ByteBuffer.wrap(new byte[] {(byte) subsel}));
    ByteBuffer all = read();
    byte[] value = new byte[Byte.toUnsignedInt(all.get(2))];
    all.get(8, value);
    return value;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, 54657374206b657973",
    "2, 0, 31323334",
    "3, 0, 030046f001801001",
    "0x10, 0, 02",
    "0x11, 2, 03",
    "0x11, 4, 10",
    "0x11, 5, 03",
    "0x11, 0x11, 07",
    "0x11, 0x12, 04",
    "0x11, 0x14, 03",
    "0x12, 0, 9cffffffe8030000010000000200000003000000",
    "0x12, 0x35, 00000000ff0f000000000000000000000c000000",
  })
  void n2_eachSelectorTellsWhatItIsAbout(String select, String subsel, String bytes) {
    assertThat(select(Integer.decode(select), Integer.decode(subsel)))
        .isEqualTo(HexFormat.of().parseHex(bytes));
  }

  @Test
  void n2_theLongestBitmapHas96Bytes() {
    byte[] keys = new byte[96];
    Arrays.fill(keys, (byte) 0xff);
    assertThat(select(0x11, Codes.EV_KEY)).isEqualTo(keys);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4, 0",
    "1, 1",
    "3, 1",
    "0x10, 1",
    "0x11, 0",
    "0x11, 6",
    "0x11, 0x15",
    "0x11, 0xff",
    "0x12, 2",
    "0x12, 0xff",
    "0xff, 0xff"
  })
  void n1_whatIsNotThereHasNoSize(String select, String subsel) {
    assertThat(select(Integer.decode(select), Integer.decode(subsel))).isEmpty();
    assertThat(Arrays.copyOfRange(read().array(), 2, InputConfigSpace.SIZE)).containsOnly(0);
  }

  @Test
  void n3_selectorsAreEchoedAndNothingElseIsTheDrivers() {
    byte[] whole = new byte[InputConfigSpace.SIZE]; // as QEMU writes it
    Arrays.fill(whole, (byte) 0x77);
    whole[0] = 3;
    whole[1] = 0;
    config.write(0, ByteBuffer.wrap(whole));
    byte[] expected = new byte[InputConfigSpace.SIZE];
    expected[0] = 3;
    expected[2] = 8;
    System.arraycopy(HexFormat.of().parseHex("030046f001801001"), 0, expected, 8, 8);
    assertThat(read().array()).isEqualTo(expected);
    assertThat(select(0x12, 0xfe)).isEmpty();
    assertThat(read().array()).startsWith(0x12, 0xfe, 0);
  }

  @Test
  void n3_anotherDriverFindsNothingSelected() {
    assertThat(select(1, 0)).isNotEmpty();
    config.reset();
    assertThat(read().array()).containsOnly(0);
  }

  @Test
  void n2_aLongNameIsCutBetweenCharactersAndLeavesLinuxItsNul() {
    String name = "x".repeat(62) + "é";
    config =
        InputConfigSpace.of(
            new InputDescription(
                name, "", new Ids(0, 0, 0, 0), new BitSet(), Map.of(), new HashMap<>()));
    assertThat(new String(select(1, 0), UTF_8)).isEqualTo("x".repeat(62));
    assertThat(select(2, 0)).isEmpty();
  }
}
