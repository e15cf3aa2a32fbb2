package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.PcmParameters;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** White noise without a frame of silence, so that each gap and each lost frame shows. */
final class Noise {
  private Noise() {}

  /** Random bytes, for formats in which every byte pattern is a sample. */
  static byte[] bytes(PcmParameters parameters, int frames) {
    byte[] noise = new byte[frames * parameters.frameBytes()];
    new Random(1).nextBytes(noise);
    for (int at = 0; at < noise.length; at += parameters.format().bytes()) {
      if (noise[at] == 0) {
        noise[at] = 1;
      }
    }
    return noise;
  }

  /** Samples of so many bits, none of them 0, at the low end of 32 bits. */
  static int[] samples(int bits, int count) {
    Random random = new Random(2);
    int[] samples = new int[count];
    for (int i = 0; i < count; i++) {
      samples[i] = (random.nextInt() | 1 << (32 - bits)) >> (32 - bits);
    }
    return samples;
  }

  /** Samples as little-endian numbers of so many bytes. */
  static byte[] pack(int[] samples, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(samples.length * bytes + Integer.BYTES);
    buffer.order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < samples.length; i++) {
      buffer.putInt(i * bytes, samples[i]);
    }
    byte[] packed = new byte[samples.length * bytes];
    buffer.get(packed);
    return packed;
  }
}
