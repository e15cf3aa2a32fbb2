package io.vhost4j.examples;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/** A short tune, made of decaying sines: S16, stereo, 48 kHz. */
final class Tune {
  static final int RATE = 48_000;
  static final int CHANNELS = 2;
  static final int FRAME_BYTES = CHANNELS * Short.BYTES;

  /** Half tones above 220 Hz and lengths in beats. */
  private static final int[][] NOTES = {
    {3, 1}, {7, 1}, {10, 1}, {15, 2}, {12, 1}, {10, 1}, {14, 2}, {12, 1}, {10, 1}, {7, 1}, {10, 4}
  };

  private static final double BASE_HERTZ = 220;
  private static final double BEAT_SECONDS = 0.28;
  private static final double LOUDNESS = 0.5;
  private static final double DECAY_PER_SECOND = 2.5;

  private Tune() {}

  /**
   * The samples, interleaved and little-endian.
   *
   * @param halfTones how much higher it is than usual
   */
  static byte[] samples(int halfTones) {
    int beats = 0;
    for (int[] note : NOTES) {
      beats += note[1];
    }
    int frames = (int) (beats * BEAT_SECONDS * RATE);
    ByteBuffer samples = ByteBuffer.allocate(frames * FRAME_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int beat = 0;
    int end = 0;
    for (int[] note : NOTES) {
      beat += note[1];
      int start = end;
      end = (int) (beat * BEAT_SECONDS * RATE);
      double hertz = BASE_HERTZ * Math.pow(2, (note[0] + halfTones) / 12.0);
      for (int frame = start; frame < end; frame++) {
        double seconds = (frame - start) / (double) RATE;
        double level = LOUDNESS * Math.exp(-DECAY_PER_SECOND * seconds);
        // The overtone moves from left to right, so that swapped channels can be heard.
        double pan = frame / (double) frames;
        samples.putShort(sample(level, hertz, seconds, 1 - pan));
        samples.putShort(sample(level, hertz, seconds, pan));
      }
    }
    return samples.array();
  }

  private static short sample(double level, double hertz, double seconds, double overtone) {
    double phase = 2 * Math.PI * hertz * seconds;
    double value = Math.sin(phase) + 0.4 * overtone * Math.sin(2 * phase);
    return (short) Math.round(level * value / 1.4 * Short.MAX_VALUE);
  }

  /** The samples of a WAV file. */
  static byte[] read(Path file) throws IOException {
    try (AudioInputStream audio = AudioSystem.getAudioInputStream(file.toFile())) {
      return audio.readAllBytes();
    } catch (UnsupportedAudioFileException e) {
      throw new IOException(file + " is no WAV file", e);
    }
  }

  /** Writes samples as a WAV file. */
  static void write(byte[] samples, Path file) throws IOException {
    AudioFormat format = new AudioFormat(RATE, Short.SIZE, CHANNELS, true, false);
    try (AudioInputStream audio =
        new AudioInputStream(
            new ByteArrayInputStream(samples), format, samples.length / FRAME_BYTES)) {
      AudioSystem.write(audio, AudioFileFormat.Type.WAVE, file.toFile());
    }
  }
}
