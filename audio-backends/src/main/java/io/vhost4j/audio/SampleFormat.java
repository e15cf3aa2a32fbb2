package io.vhost4j.audio;

/**
 * Sample formats of virtio-sound (VIRTIO 5.14.6.6.2). The ordinal is the value on the wire and the
 * bit in a mask of formats. Samples of more than one byte are little-endian (A29).
 */
public enum SampleFormat {
  IMA_ADPCM(4),
  MU_LAW(8),
  A_LAW(8),
  S8(8),
  U8(8),
  S16(16),
  U16(16),
  S18_3(24),
  U18_3(24),
  S20_3(24),
  U20_3(24),
  S24_3(24),
  U24_3(24),
  S20(32),
  U20(32),
  S24(32),
  U24(32),
  S32(32),
  U32(32),
  FLOAT(32),
  FLOAT64(64),
  DSD_U8(8),
  DSD_U16(16),
  DSD_U32(32),
  IEC958_SUBFRAME(32);

  private static final SampleFormat[] VALUES = values();

  private final int physicalBits;

  SampleFormat(int physicalBits) {
    this.physicalBits = physicalBits;
  }

  /** Bits that one sample takes up in memory. */
  public int physicalBits() {
    return physicalBits;
  }

  /** Bytes that one sample takes up in memory; 0 for {@link #IMA_ADPCM}, which packs two in one. */
  public int bytes() {
    return physicalBits / 8;
  }

  /** The value on the wire. */
  public int value() {
    return ordinal();
  }

  /** This format's bit in a mask of formats. */
  public long mask() {
    return 1L << ordinal();
  }

  /**
   * The byte that, repeated, is silence: 0, or the middle of the range for 8-bit unsigned. Unsigned
   * formats of more bytes have none; {@link Silence} does them all.
   */
  public byte silence() {
    return switch (this) {
      case U8 -> (byte) 0x80;
      case MU_LAW -> (byte) 0xff;
      case A_LAW -> (byte) 0xd5;
      case DSD_U8, DSD_U16, DSD_U32 -> 0x69;
      default -> 0;
    };
  }

  /** Whether {@code value} is a format at all. */
  public static boolean isDefined(int value) {
    return value >= 0 && value < VALUES.length;
  }

  /** The format of a wire value that {@link #isDefined(int)}. */
  public static SampleFormat of(int value) {
    return VALUES[value];
  }
}
