package io.vhost4j.audio.pipewire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** pw-record, running: what it hears in the sink with as many channels as it records. */
final class Recording implements AutoCloseable {
  private final Path file;
  private final Process process;

  /**
   * Begins to record and waits until there is something.
   *
   * @param format of pw-record, such as {@code s16}
   */
  Recording(PipewireSession session, String format, int rate, int channels) {
    file = session.file("recording.wav");
    process =
        session.start(
            "pw-record",
            "--target",
            "sink-" + channels,
            "-P",
            "{ stream.capture.sink=true }",
            "--format",
            format,
            "--rate",
            Integer.toString(rate),
            "--channels",
            Integer.toString(channels),
            "--channel-map",
            PipewireSession.channelMap(channels),
            file.toString());
    PipewireSession.await(
        "a recording",
        () -> {
          try {
            return Files.exists(file) && Files.size(file) > 8192;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Ends the recording. */
  byte[] stop() {
    PipewireSession.end(process);
    try {
      byte[] wav = Files.readAllBytes(file);
      Files.delete(file);
      return data(wav);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] data(byte[] wav) {
    ByteBuffer buffer = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
    int at = 12;
    while (buffer.getInt(at) != 0x61746164) { // "data"
      at += 8 + buffer.getInt(at + 4);
    }
    return Arrays.copyOfRange(wav, at + 8, at + 8 + buffer.getInt(at + 4));
  }

  /** Without the silence before and after. */
  static byte[] trim(byte[] pcm, int frameBytes) {
    int first = 0;
    while (first < pcm.length && isSilent(pcm, first, frameBytes)) {
      first += frameBytes;
    }
    int end = pcm.length;
    while (end > first && isSilent(pcm, end - frameBytes, frameBytes)) {
      end -= frameBytes;
    }
    return Arrays.copyOfRange(pcm, first, end);
  }

  /** Without any silence. */
  static byte[] squeeze(byte[] pcm, int frameBytes) {
    ByteBuffer sound = ByteBuffer.allocate(pcm.length);
    for (int at = 0; at < pcm.length; at += frameBytes) {
      if (!isSilent(pcm, at, frameBytes)) {
        sound.put(pcm, at, frameBytes);
      }
    }
    return Arrays.copyOf(sound.array(), sound.position());
  }

  private static boolean isSilent(byte[] pcm, int at, int frameBytes) {
    int sum = 0;
    for (int i = at; i < at + frameBytes; i++) {
      sum |= pcm[i];
    }
    return sum == 0;
  }

  @Override
  public void close() {
    PipewireSession.end(process);
  }
}
