package io.vhost4j.daemon;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/** Audio to send and to compare. The JDK writes and reads WAV files of signed integer samples. */
final class Clip {
  /** The name of the chunk with the samples, as a little-endian number. */
  private static final int DATA = 'd' | 'a' << 8 | 't' << 16 | 'a' << 24;

  private final SampleFormat format;
  private final SampleRate rate;
  private final int channels;
  private final byte[] bytes;

  private Clip(SampleFormat format, SampleRate rate, int channels, byte[] bytes) {
    this.format = format;
    this.rate = rate;
    this.channels = channels;
    this.bytes = bytes;
  }

  /** Noise that is the same for the same seed and neither begins nor ends with silence. */
  static Clip noise(long seed, SampleFormat format, SampleRate rate, int channels, int millis) {
    int frames = (int) ((long) rate.hertz() * millis / 1000);
    byte[] bytes = new byte[frames * channels * format.bytes()];
    new Random(seed).nextBytes(bytes);
    bytes[0] |= 1;
    bytes[bytes.length - 1] |= 1;
    return new Clip(format, rate, channels, bytes);
  }

  /** The most common kind: S16, stereo, 48 kHz. */
  static Clip noise(long seed, int millis) {
    return noise(seed, SampleFormat.S16, SampleRate.HZ_48000, 2, millis);
  }

  /** The same kind of audio with other samples. */
  Clip withBytes(byte[] other) {
    return new Clip(format, rate, channels, other);
  }

  /** The first so many bytes. */
  Clip withBytes(int length) {
    return withBytes(Arrays.copyOf(bytes, length));
  }

  /** With so many frames of silence before and after it. */
  Clip withSilence(int frames) {
    byte[] all = new byte[bytes.length + 2 * frames * frameBytes()];
    System.arraycopy(bytes, 0, all, frames * frameBytes(), bytes.length);
    return withBytes(all);
  }

  /**
   * As a WAV file has it: samples of fewer bits than their four bytes have stand in the upper ones.
   */
  Clip leftAligned() {
    int shift = format == SampleFormat.S20 ? 12 : format == SampleFormat.S24 ? 8 : 0;
    if (shift == 0) {
      return this;
    }
    ByteBuffer samples = ByteBuffer.wrap(bytes.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < bytes.length; at += Integer.BYTES) {
      samples.putInt(at, samples.getInt(at) << shift);
    }
    return withBytes(samples.array());
  }

  /** The samples; not to be changed. */
  byte[] bytes() {
    return bytes;
  }

  int frameBytes() {
    return channels * format.bytes();
  }

  int hertz() {
    return rate.hertz();
  }

  int frames() {
    return bytes.length / frameBytes();
  }

  /** Parameters of a stream that carries it. */
  PcmParameters parameters(int bufferPeriods, int periodFrames) {
    int periodBytes = periodFrames * frameBytes();
    return new PcmParameters(format, rate, channels, bufferPeriods * periodBytes, periodBytes);
  }

  /** Options of aplay and arecord. */
  String alsaOptions() {
    String name = format.name();
    String order = format.bytes() == 1 ? "" : name.endsWith("_3") ? "LE" : "_LE";
    return "-t raw -f %s%s -r %d -c %d".formatted(name, order, rate.hertz(), channels);
  }

  /** The byte that ALSA fills a buffer with where there is no sound. */
  byte alsaSilence() {
    return switch (format) {
      case U8 -> (byte) 0x80;
      case MU_LAW -> 0x7f;
      case A_LAW -> 0x55;
      default -> 0;
    };
  }

  Path writeRaw(Path file) throws IOException {
    return Files.write(file, bytes);
  }

  Path writeWav(Path file) throws IOException {
    AudioInputStream audio =
        new AudioInputStream(new ByteArrayInputStream(bytes), javaFormat(), frames());
    AudioSystem.write(audio, AudioFileFormat.Type.WAVE, file.toFile());
    return file;
  }

  /** The audio of a WAV file, which must be of the same format. */
  Clip readWav(Path file) throws IOException {
    try (AudioInputStream audio = AudioSystem.getAudioInputStream(file.toFile())) {
      if (!audio.getFormat().matches(javaFormat())) {
        throw new AssertionError(file + " has " + audio.getFormat() + ", not " + javaFormat());
      }
      return withBytes(audio.readAllBytes());
    } catch (UnsupportedAudioFileException e) {
      throw new IOException(file + " is no WAV file", e);
    }
  }

  /** The same for a file of any format: what its header says is not looked at. */
  Clip readWavData(Path file) throws IOException {
    byte[] wav = Files.readAllBytes(file);
    ByteBuffer chunks = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN).position(12);
    while (chunks.getInt() != DATA) {
      int length = chunks.getInt();
      chunks.position(chunks.position() + length);
    }
    int length = chunks.getInt();
    return withBytes(Arrays.copyOfRange(wav, chunks.position(), chunks.position() + length));
  }

  private AudioFormat javaFormat() {
    return new AudioFormat(rate.hertz(), format.bytes() * 8, channels, true, false);
  }

  @Override
  public String toString() {
    return "%s, %d channels, %d Hz".formatted(format, channels, rate.hertz());
  }
}
