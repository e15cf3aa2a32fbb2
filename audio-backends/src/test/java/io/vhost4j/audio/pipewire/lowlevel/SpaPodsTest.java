package io.vhost4j.audio.pipewire.lowlevel;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** Against what PipeWire's own builder makes of the same values, as 32-bit words. */
class SpaPodsTest {
  @Test
  void aFormatHasTheWordsOfPipewiresBuilder() {
    int[] positions = {SpaAudioChannel.FL, SpaAudioChannel.FR, SpaAudioChannel.LFE};
    try (Memory pod = SpaPods.enumFormat(SpaAudioFormat.S16_LE, 48000, positions)) {
      assertThat(words(pod))
          .containsExactly(
              0xa8, 0xf, 0x40003, 3, //
              1, 0, 4, 3, 1, 0, //
              2, 0, 4, 3, 1, 0, //
              0x10001, 0, 4, 3, 0x103, 0, //
              0x10003, 0, 4, 4, 48000, 0, //
              0x10004, 0, 4, 4, 3, 0, //
              0x10005, 0, 0x14, 0xd, 4, 3, 3, 4, 6, 0);
    }
  }

  @Test
  void aSizeOfBuffersHasTheWordsOfPipewiresBuilder() {
    try (Memory pod = SpaPods.buffers(4096)) {
      assertThat(words(pod))
          .containsExactly(
              0x38,
              0xf,
              0x40004,
              5, //
              3,
              0,
              0x1c,
              0x13,
              1,
              0,
              4,
              4,
              4096,
              4096,
              Integer.MAX_VALUE,
              0);
    }
  }

  private static int[] words(Memory pod) {
    ByteBuffer bytes = pod.getByteBuffer(0, pod.size()).order(ByteOrder.nativeOrder());
    int[] words = new int[bytes.remaining() / Integer.BYTES];
    bytes.asIntBuffer().get(words);
    return words;
  }
}
