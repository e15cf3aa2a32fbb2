package io.vhost4j.audio.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A WAV file that grows. At every moment it is valid and has all frames of the writes that are
 * done: the frames go to the file first, then its header, whole and in one system call.
 *
 * <p>One thread at a time. {@link #write} allocates nothing for frames in a direct buffer.
 */
final class WavWriter implements Closeable {
  private static final int SHIFT_BYTES = 16 * 1024;

  private final Path path;
  private final WavFormat format;
  private final ByteBuffer header;
  private final long maxDataBytes;
  private final ByteBuffer padding = ByteBuffer.allocateDirect(1);
  private final @Nullable ByteBuffer shifted;

  private @Nullable FileChannel channel;
  private long dataBytes;

  /**
   * A writer that has no file yet.
   *
   * @param maxRiffBytes usually {@link WavFormat#MAX_RIFF_BYTES}
   */
  WavWriter(Path path, WavFormat format, long maxRiffBytes) {
    this.path = path;
    this.format = format;
    header = format.header();
    maxDataBytes = format.maxDataBytes(header, maxRiffBytes);
    shifted =
        format.shift() == 0
            ? null
            : ByteBuffer.allocateDirect(SHIFT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  Path path() {
    return path;
  }

  WavFormat format() {
    return format;
  }

  /** Bytes of audio in the file. */
  long dataBytes() {
    return dataBytes;
  }

  /** Whether the file can hold so many bytes more. */
  boolean hasRoomFor(int bytes) {
    return bytes <= maxDataBytes - dataBytes;
  }

  /**
   * Opens the file, to append to what this writer wrote. It begins anew the first time, and if
   * someone has taken the file away or cut it since.
   */
  void open() throws IOException {
    if (Files.notExists(path)) {
      create();
      return;
    }
    channel = FileChannel.open(path, StandardOpenOption.WRITE);
    if (dataBytes == 0 || channel.size() < header.limit() + dataBytes) {
      writeHeader(channel, 0);
      channel.truncate(header.limit());
    }
  }

  /** The file appears with its header in it. */
  private void create() throws IOException {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING);
    writeHeader(channel, 0);
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Appends whole frames; if it fails, the file is as before. */
  void write(ByteBuffer frames) throws IOException {
    FileChannel to = channel;
    if (to == null) {
      throw new IOException("the file is closed");
    }
    long start = header.limit() + dataBytes;
    long end = start + frames.remaining();
    if (shifted == null) {
      writeAll(to, frames, start);
    } else {
      writeShifted(to, frames, start, shifted);
    }
    if ((end & 1) != 0) {
      writeAll(to, padding.clear(), end);
    }
    writeHeader(to, end - header.limit());
  }

  private void writeShifted(FileChannel to, ByteBuffer frames, long start, ByteBuffer block)
      throws IOException {
    boolean swap = frames.order() != ByteOrder.LITTLE_ENDIAN;
    long position = start;
    while (frames.hasRemaining()) {
      block.clear();
      while (block.hasRemaining() && frames.hasRemaining()) {
        int sample = frames.getInt();
        block.putInt((swap ? Integer.reverseBytes(sample) : sample) << format.shift());
      }
      int length = block.flip().remaining();
      writeAll(to, block, position);
      position += length;
    }
  }

  private void writeHeader(FileChannel to, long bytes) throws IOException {
    format.putSizes(header, bytes);
    writeAll(to, header.rewind(), 0);
    dataBytes = bytes;
  }

  private static void writeAll(FileChannel to, ByteBuffer bytes, long start) throws IOException {
    long position = start;
    while (bytes.hasRemaining()) {
      position += to.write(bytes, position);
    }
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
  }
}
