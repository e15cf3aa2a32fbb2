package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.StreamClock;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The file that one stream records, which may be another one of the same format at every PREPARE.
 *
 * @param path where it is
 * @param format what it was when the stream was first asked about, and has to stay
 */
record CaptureFile(Path path, WavFormat format) {
  private static final int MAX_CHANNELS = 18;

  /**
   * Looks at a file.
   *
   * @throws AudioException if it is none that virtio-sound can carry
   */
  static CaptureFile of(Path path) throws AudioException {
    try (FileChannel file = open(path)) {
      WavFormat format = WavReader.read(file).format();
      if (SampleRate.ofHertz(format.hertz()) == null) {
        throw new IOException(
            "virtio-sound has no rate of " + format.hertz() + " Hz, convert it to 48000 Hz");
      }
      if (format.channels() > MAX_CHANNELS) {
        throw new IOException(
            "virtio-sound has 18 channels at most and the file has " + format.channels());
      }
      return new CaptureFile(path, format);
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  StreamCapabilities capabilities() {
    SampleRate rate = SampleRate.ofHertz(format.hertz());
    long rates = rate == null ? 0 : rate.mask();
    return new StreamCapabilities(
        format.format().mask(), rates, format.channels(), format.channels());
  }

  /**
   * Opens the file at its start.
   *
   * @param wanted what the guest has chosen
   * @throws AudioException if the file is gone, or is not what the guest has chosen
   */
  CaptureStream stream(WavFormat wanted, boolean loop, StreamClock clock) throws AudioException {
    try {
      FileChannel file = open(path);
      try {
        WavReader.Audio audio = WavReader.read(file);
        if (!audio.format().equals(wanted)) {
          throw new IOException("it is " + audio.format() + " and the guest records " + wanted);
        }
        return new CaptureStream(path.toString(), file, audio, loop, clock);
      } catch (IOException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private static FileChannel open(Path path) throws IOException {
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new IOException("it is no regular file");
    }
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  private static AudioException failure(Path path, IOException e) {
    return new AudioException("cannot record from " + path + ": " + FileNames.reason(e), e);
  }
}
