package io.vhost4j.audio.alsa;

import io.vhost4j.audio.SampleFormat;

/** The {@code snd_pcm_format_t} of each virtio-sound format; both count the same little-endian. */
final class AlsaFormat {
  /** ALSA has no such format, or, as for IMA ADPCM, a frame is not a whole number of bytes. */
  static final int NONE = -1;

  private AlsaFormat() {}

  static int of(SampleFormat format) {
    return switch (format) {
      case IMA_ADPCM -> NONE;
      case MU_LAW -> 20;
      case A_LAW -> 21;
      case S8 -> 0;
      case U8 -> 1;
      case S16 -> 2;
      case U16 -> 4;
      case S18_3 -> 40;
      case U18_3 -> 42;
      case S20_3 -> 36;
      case U20_3 -> 38;
      case S24_3 -> 32;
      case U24_3 -> 34;
      case S20 -> 25;
      case U20 -> 27;
      case S24 -> 6;
      case U24 -> 8;
      case S32 -> 10;
      case U32 -> 12;
      case FLOAT -> 14;
      case FLOAT64 -> 16;
      case DSD_U8 -> 48;
      case DSD_U16 -> 49;
      case DSD_U32 -> 50;
      case IEC958_SUBFRAME -> 18;
    };
  }
}
