package io.vhost4j.audio.pipewire.lowlevel;

/**
 * {@code enum spa_audio_format} of {@code spa/param/audio/raw.h}: those interleaved little-endian
 * formats that PipeWire's converter takes. {@code S24_32} is 24 bits in the low end of 4 bytes,
 * {@code S24} is 3 bytes.
 */
public final class SpaAudioFormat {
  public static final int S8 = 0x101;
  public static final int U8 = 0x102;
  public static final int S16_LE = 0x103;
  public static final int S24_32_LE = 0x107;
  public static final int S32_LE = 0x10b;
  public static final int S24_LE = 0x10f;
  public static final int F32_LE = 0x11b;
  public static final int F64_LE = 0x11d;
  public static final int ULAW = 0x11f;
  public static final int ALAW = 0x120;

  private SpaAudioFormat() {}
}
