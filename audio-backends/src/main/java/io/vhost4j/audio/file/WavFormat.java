package io.vhost4j.audio.file;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the audio of a WAV file is, and how its header says so.
 *
 * <p>Up to 16 bits and two channels have the classic header of 44 bytes. Others are {@code
 * WAVE_FORMAT_EXTENSIBLE}, except 32 and 64-bit floats of one or two channels, A-law and mu-law,
 * which have tags of their own. Virtio-sound has the bits of {@code S20} and {@code S24} at the
 * bottom of their 32, WAVE at the top: they are shifted on the way and none is lost.
 *
 * @param format one of {@link #WRITABLE}
 * @param hertz frames per second, above 0
 * @param channels samples in a frame, above 0
 */
record WavFormat(SampleFormat format, int hertz, int channels) {
  static final int PCM = 1;
  static final int FLOAT = 3;
  static final int A_LAW = 6;
  static final int MU_LAW = 7;
  static final int EXTENSIBLE = 0xfffe;

  /** The most bytes that the size field of a RIFF chunk can tell, which are even in number. */
  static final long MAX_RIFF_BYTES = 0xffff_fffeL;

  /**
   * The bytes after the tag in the subformat of an extensible header, as two little-endian longs.
   */
  static final long SUBFORMAT_LOW = 0x0010_0000_0000_0000L;

  static final long SUBFORMAT_HIGH = 0x719b_3800_aa00_0080L;

  /** What can be stored without losing a bit. */
  static final long WRITABLE =
      SampleFormat.U8.mask()
          | SampleFormat.S16.mask()
          | SampleFormat.S24_3.mask()
          | SampleFormat.S20.mask()
          | SampleFormat.S24.mask()
          | SampleFormat.S32.mask()
          | SampleFormat.FLOAT.mask()
          | SampleFormat.FLOAT64.mask()
          | SampleFormat.A_LAW.mask()
          | SampleFormat.MU_LAW.mask();

  /** Positions of 3 to 8 channels in the order of WAVE: front, center, LFE, back, side. */
  private static final int[] MASKS = {0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x13f, 0x63f};

  private static final int CLASSIC_BYTES = 44;
  private static final int EXTENSIBLE_BYTES = 80;

  private static final int RIFF = id("RIFF");
  private static final int WAVE = id("WAVE");
  private static final int FMT = id("fmt ");
  private static final int FACT = id("fact");
  private static final int DATA = id("data");

  WavFormat(PcmParameters parameters) {
    this(parameters.format(), parameters.rate().hertz(), parameters.channels());
  }

  /** A chunk's name as it is read from a little-endian buffer. */
  static int id(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  int frameBytes() {
    return format.bytes() * channels;
  }

  /** By how many bits samples go up when they are stored. */
  int shift() {
    return format.physicalBits() - validBits();
  }

  private int validBits() {
    return switch (format) {
      case S20 -> 20;
      case S24 -> 24;
      default -> format.physicalBits();
    };
  }

  private int tag() {
    return switch (format) {
      case FLOAT, FLOAT64 -> FLOAT;
      case A_LAW -> A_LAW;
      case MU_LAW -> MU_LAW;
      default -> PCM;
    };
  }

  /**
   * A header for no frames, between position 0 and limit; {@link #putSizes} makes it one for more.
   */
  ByteBuffer header() {
    int tag = tag();
    boolean extensible = channels > 2 || (tag == PCM && format.physicalBits() > 16);
    boolean classic = tag == PCM && !extensible;
    ByteBuffer header = ByteBuffer.allocateDirect(EXTENSIBLE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(RIFF).putInt(0).putInt(WAVE);
    header.putInt(FMT).putInt(classic ? 16 : extensible ? 40 : 18);
    header.putShort((short) (extensible ? EXTENSIBLE : tag)).putShort((short) channels);
    header.putInt(hertz).putInt(hertz * frameBytes());
    header.putShort((short) frameBytes()).putShort((short) format.physicalBits());
    if (extensible) {
      header.putShort((short) 22).putShort((short) validBits());
      header.putInt(channels < MASKS.length ? MASKS[channels] : 0);
      header.putLong(SUBFORMAT_LOW | tag).putLong(SUBFORMAT_HIGH);
    } else if (!classic) {
      header.putShort((short) 0);
    }
    if (!classic) {
      header.putInt(FACT).putInt(4).putInt(0);
    }
    header.putInt(DATA).putInt(0).flip();
    putSizes(header, 0);
    return header;
  }

  /** Makes a header one for so many bytes of whole frames. Allocates nothing. */
  void putSizes(ByteBuffer header, long dataBytes) {
    int length = header.limit();
    header.putInt(4, (int) (length - 8 + dataBytes + (dataBytes & 1)));
    header.putInt(length - 4, (int) dataBytes);
    if (length > CLASSIC_BYTES) {
      header.putInt(length - 12, (int) (dataBytes / frameBytes()));
    }
  }

  /**
   * The most bytes of whole frames that a file with this header can have.
   *
   * @param maxRiffBytes what its RIFF chunk may have at most, an even number
   */
  long maxDataBytes(ByteBuffer header, long maxRiffBytes) {
    return (maxRiffBytes - (header.limit() - 8)) / frameBytes() * frameBytes();
  }

  /**
   * The sample format of a {@code fmt} chunk, or null if there is none in virtio-sound. Integers in
   * 32 bits are {@code S32} however many of them count, as WAVE has those at the top.
   *
   * @param tag {@link #PCM} and so on, of an extensible header that of its subformat
   * @param sampleBytes bytes that one sample takes up
   * @param bits bits that the header says a sample has
   */
  static @Nullable SampleFormat sampleFormat(int tag, int sampleBytes, int bits) {
    if (bits < 1 || bits > sampleBytes * 8 || sampleBytes > 8) {
      return null;
    }
    return switch (tag << 8 | sampleBytes) {
      case PCM << 8 | 1 -> SampleFormat.U8;
      case PCM << 8 | 2 -> SampleFormat.S16;
      case PCM << 8 | 3 -> SampleFormat.S24_3;
      // What arecord makes of S24_LE: 24 bits in 4 bytes, and those at the bottom.
      case PCM << 8 | 4 -> bits == 24 ? SampleFormat.S24 : SampleFormat.S32;
      case FLOAT << 8 | 4 -> SampleFormat.FLOAT;
      case FLOAT << 8 | 8 -> SampleFormat.FLOAT64;
      case A_LAW << 8 | 1 -> SampleFormat.A_LAW;
      case MU_LAW << 8 | 1 -> SampleFormat.MU_LAW;
      default -> null;
    };
  }

  /** For people, as in "S16, 2 channels, 48000 Hz". */
  @Override
  public String toString() {
    return format
        + ", "
        + channels
        + (channels == 1 ? " channel, " : " channels, ")
        + hertz
        + " Hz";
  }
}
