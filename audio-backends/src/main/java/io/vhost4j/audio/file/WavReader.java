package io.vhost4j.audio.file;

import io.vhost4j.audio.SampleFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * Finds the audio in a WAV file. Takes what is out there: chunks in any order and of any kind,
 * sizes that lie beyond the file because its writer was killed or could not seek, RF64.
 */
final class WavReader {
  /** Real files have a handful; this bounds the work on others. */
  private static final int MAX_CHUNKS = 1000;

  private static final int RIFF = WavFormat.id("RIFF");
  private static final int RF64 = WavFormat.id("RF64");
  private static final int WAVE = WavFormat.id("WAVE");
  private static final int FMT = WavFormat.id("fmt ");
  private static final int DATA = WavFormat.id("data");
  private static final int DS64 = WavFormat.id("ds64");
  private static final int FMT_BYTES = 40;

  private final FileChannel file;
  private final long fileBytes;
  private final ByteBuffer buffer = ByteBuffer.allocate(FMT_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private @Nullable WavFormat format;
  private long dataStart = -1;
  private long dataBytes;
  private long longDataBytes = 0xffff_ffffL;

  private WavReader(FileChannel file) throws IOException {
    this.file = file;
    this.fileBytes = file.size();
  }

  /**
   * Where the audio of a file is.
   *
   * @param format what it is
   * @param start offset of its first byte in the file
   * @param bytes its length, of whole frames, all within the file
   */
  record Audio(WavFormat format, long start, long bytes) {}

  /**
   * Reads the header.
   *
   * @throws IOException if the file cannot be read or is no WAV file with audio that virtio-sound
   *     can carry; the message goes on after the file's name
   */
  static Audio read(FileChannel file) throws IOException {
    return new WavReader(file).read();
  }

  private Audio read() throws IOException {
    int length = fill(0, 12);
    int kind = length < 12 ? 0 : buffer.getInt(0);
    if ((kind != RIFF && kind != RF64) || buffer.getInt(8) != WAVE) {
      throw new IOException("it is no WAV file");
    }
    long position = 12;
    for (int i = 0; i < MAX_CHUNKS && (format == null || dataStart < 0); i++) {
      if (position > fileBytes - 8 || fill(position, 8) < 8) {
        break;
      }
      int id = buffer.getInt(0);
      long bytes = Integer.toUnsignedLong(buffer.getInt(4));
      if (id == DATA && bytes == 0xffff_ffffL) {
        bytes = longDataBytes;
      }
      position += 8;
      readChunk(id, position, bytes);
      position += bytes + (bytes & 1);
    }
    if (format == null) {
      throw new IOException("its fmt chunk is missing");
    }
    if (dataStart < 0) {
      throw new IOException("its data chunk is missing");
    }
    return new Audio(format, dataStart, dataBytes / format.frameBytes() * format.frameBytes());
  }

  private void readChunk(int id, long position, long bytes) throws IOException {
    if (id == FMT && format == null) {
      format = format(fill(position, (int) Math.min(bytes, FMT_BYTES)));
    } else if (id == DATA && dataStart < 0) {
      dataStart = position;
      dataBytes = Math.min(bytes, fileBytes - position);
    } else if (id == DS64 && bytes >= 16 && fill(position, 16) == 16) {
      // The size of the whole file is first, then that of the data chunk.
      longDataBytes = Math.max(0, Math.min(buffer.getLong(8), fileBytes));
    }
  }

  private WavFormat format(int length) throws IOException {
    if (length < 16) {
      throw new IOException("its fmt chunk is too short");
    }
    int tag = unsignedShort(0);
    int channels = unsignedShort(2);
    int hertz = buffer.getInt(4);
    int frameBytes = unsignedShort(12);
    int bits = unsignedShort(14);
    boolean extensible = tag == WavFormat.EXTENSIBLE;
    if (extensible) {
      if (length < FMT_BYTES
          || buffer.getLong(24) >>> 16 != WavFormat.SUBFORMAT_LOW >>> 16
          || buffer.getLong(32) != WavFormat.SUBFORMAT_HIGH) {
        throw new IOException("its extensible format is unknown");
      }
      tag = unsignedShort(24);
    }
    if (channels == 0 || frameBytes % channels != 0) {
      throw new IOException(
          "it has frames of " + frameBytes + " bytes for " + channels + " channels");
    }
    int sampleBytes = frameBytes / channels;
    SampleFormat samples = WavFormat.sampleFormat(tag, sampleBytes, bits);
    if (samples == null) {
      throw new IOException(
          "its samples, format tag %d with %d bits in %d bytes, are unknown"
              .formatted(tag, bits, sampleBytes));
    }
    if (hertz <= 0) {
      throw new IOException("its rate is " + Integer.toUnsignedString(hertz) + " Hz");
    }
    return new WavFormat(samples, hertz, channels);
  }

  private int unsignedShort(int index) {
    return Short.toUnsignedInt(buffer.getShort(index));
  }

  /** Reads so many bytes into the buffer's start, or up to the end of the file. */
  private int fill(long position, int length) throws IOException {
    buffer.clear().limit(length);
    long at = position;
    while (buffer.hasRemaining()) {
      int count = file.read(buffer, at);
      if (count < 0) {
        break;
      }
      at += count;
    }
    return buffer.position();
  }
}
