package io.vhost4j.audio;

import org.jspecify.annotations.Nullable;

/**
 * Frame rates of virtio-sound (VIRTIO 5.14.6.6.2). The ordinal is the value on the wire and the bit
 * in a mask of rates.
 */
public enum SampleRate {
  HZ_5512(5512),
  HZ_8000(8000),
  HZ_11025(11025),
  HZ_16000(16000),
  HZ_22050(22050),
  HZ_32000(32000),
  HZ_44100(44100),
  HZ_48000(48000),
  HZ_64000(64000),
  HZ_88200(88200),
  HZ_96000(96000),
  HZ_176400(176400),
  HZ_192000(192000),
  HZ_384000(384000),
  HZ_12000(12000),
  HZ_24000(24000);

  private static final SampleRate[] VALUES = values();

  private final int hertz;

  SampleRate(int hertz) {
    this.hertz = hertz;
  }

  /** Frames per second. */
  public int hertz() {
    return hertz;
  }

  /** The value on the wire. */
  public int value() {
    return ordinal();
  }

  /** This rate's bit in a mask of rates. */
  public long mask() {
    return 1L << ordinal();
  }

  /** Whether {@code value} is a rate at all. */
  public static boolean isDefined(int value) {
    return value >= 0 && value < VALUES.length;
  }

  /** The rate of a wire value that {@link #isDefined(int)}. */
  public static SampleRate of(int value) {
    return VALUES[value];
  }

  /** The rate of so many frames per second, or null if virtio-sound has none. */
  public static @Nullable SampleRate ofHertz(int hertz) {
    for (SampleRate rate : VALUES) {
      if (rate.hertz == hertz) {
        return rate;
      }
    }
    return null;
  }
}
