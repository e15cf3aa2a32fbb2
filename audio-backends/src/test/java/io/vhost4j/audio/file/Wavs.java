package io.vhost4j.audio.file;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamClock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** WAV files for tests, made and looked at. */
final class Wavs {
  static final PcmParameters STEREO = parameters(SampleFormat.S16, SampleRate.HZ_48000, 2);

  private Wavs() {}

  static PcmParameters parameters(SampleFormat format, SampleRate rate, int channels) {
    int frameBytes = format.bytes() * channels;
    return new PcmParameters(format, rate, channels, 4 * 480 * frameBytes, 480 * frameBytes);
  }

  static byte[] noise(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  /** A clock that runs and lets everything pass. */
  static StreamClock unpaced(Direction direction) {
    StreamClock clock = new StreamClock(direction, STEREO, Pacing.NONE, System::nanoTime);
    clock.start();
    return clock;
  }

  static WavReader.Audio audio(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return WavReader.read(channel);
    }
  }

  /** The audio of a file of ours, whose header has to account for each of its bytes. */
  static byte[] data(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    WavReader.Audio audio = audio(file);
    long riff = Integer.toUnsignedLong(buffer.getInt(4));
    long data = Integer.toUnsignedLong(buffer.getInt((int) audio.start() - 4));
    if (riff + 8 != all.length
        || data != audio.bytes()
        || (data + 1 & ~1) != riff + 8 - audio.start()) {
      throw new IOException(
          "%s of %d bytes: RIFF %d, data %d".formatted(file, all.length, riff, data));
    }
    return Arrays.copyOfRange(all, (int) audio.start(), (int) (audio.start() + audio.bytes()));
  }

  /** A file of chunks, which {@link #chunk} makes. */
  static Path write(Path file, byte[]... chunks) throws IOException {
    return Files.write(file, riff(chunks));
  }

  static byte[] riff(byte[]... chunks) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("WAVE".getBytes(StandardCharsets.US_ASCII));
    for (byte[] chunk : chunks) {
      out.writeBytes(chunk);
    }
    return chunk("RIFF", out.toByteArray());
  }

  static byte[] chunk(String id, byte... body) {
    return chunk(id, body.length, body);
  }

  /** A chunk that says it has another length; odd ones are padded. */
  static byte[] chunk(String id, int length, byte[] body) {
    return ByteBuffer.allocate(8 + body.length + (body.length & 1))
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(id.getBytes(StandardCharsets.US_ASCII))
        .putInt(length)
        .put(body)
        .array();
  }

  static byte[] fmt(int tag, int channels, int hertz, int frameBytes, int bits) {
    return chunk(
        "fmt ",
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putShort((short) tag)
            .putShort((short) channels)
            .putInt(hertz)
            .putInt(hertz * frameBytes)
            .putShort((short) frameBytes)
            .putShort((short) bits)
            .array());
  }

  /** A classic file of S16 stereo at 48 kHz. */
  static Path stereo(Path file, byte[] data) throws IOException {
    return write(file, fmt(1, 2, 48000, 4, 16), chunk("data", data));
  }
}
