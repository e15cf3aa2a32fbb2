package io.vhost4j.audio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SilenceTest {
  @ParameterizedTest
  @CsvSource({
    "S16, 0000",
    "FLOAT64, 0000000000000000",
    "U8, 80",
    "U16, 0080",
    "U18_3, 000002",
    "U20_3, 000008",
    "U24_3, 000080",
    "U20, 00000800",
    "U24, 00008000",
    "U32, 00000080",
    "MU_LAW, ff",
    "A_LAW, d5",
    "DSD_U16, 6969",
  })
  void isTheMiddleOfTheRange(SampleFormat format, String sample) {
    // More than a block, and at an odd position.
    ByteBuffer buffer = ByteBuffer.allocateDirect(3 + 4321 * format.bytes() + 2);
    buffer.put(new byte[] {1, 2, 3}).limit(buffer.capacity() - 2);
    new Silence(format).fill(buffer);
    assertThat(buffer.remaining()).isZero();
    StringBuilder hex = new StringBuilder();
    buffer.flip();
    while (buffer.hasRemaining()) {
      hex.append("%02x".formatted(buffer.get()));
    }
    assertThat(hex.toString()).isEqualTo("010203" + sample.repeat(4321));
    assertThat(buffer.clear().getShort(buffer.capacity() - 2)).isZero();
  }
}
