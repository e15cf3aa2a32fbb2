package io.vhost4j.audio;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The silence of one format: the middle of its range. Any thread may use it. */
public final class Silence {
  /** A multiple of the size of every sample. */
  private static final int BLOCK = 24 * 128;

  private final byte[] block = new byte[BLOCK];

  public Silence(SampleFormat format) {
    int middle =
        switch (format) {
          case U16 -> 1 << 15;
          case U18_3 -> 1 << 17;
          case U20_3, U20 -> 1 << 19;
          case U24_3, U24 -> 1 << 23;
          case U32 -> 1 << 31;
          default -> 0;
        };
    if (middle == 0) {
      Arrays.fill(block, format.silence());
    }
    for (int i = 0; middle != 0 && i < BLOCK; i++) {
      block[i] = (byte) (middle >>> (8 * (i % format.bytes())));
    }
  }

  /**
   * Fills with silence all that is left of a buffer. Allocates nothing.
   *
   * @param samples whole samples between position and limit
   */
  public void fill(ByteBuffer samples) {
    while (samples.hasRemaining()) {
      samples.put(block, 0, Math.min(samples.remaining(), BLOCK));
    }
  }
}
