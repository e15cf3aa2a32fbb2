package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.nio.ByteBuffer;
import java.util.Map;

/** A process that plays bytes counting up, for {@link KilledPlayTest} to kill. */
final class EndlessPlay {
  /** An end after all, should nobody come. */
  private static final int BUFFERS = 2_000_000;

  private EndlessPlay() {}

  public static void main(String[] args) throws Exception {
    SampleFormat format = SampleFormat.valueOf(args[1]);
    int channels = Integer.parseInt(args[2]);
    try (AudioBackend backend =
            new FileBackendProvider().open(Map.of("playback-file", args[0], "pacing", "none"));
        AudioStream stream =
            backend.open(
                0,
                Direction.OUTPUT,
                Wavs.parameters(format, SampleRate.HZ_48000, channels),
                () -> {})) {
      stream.start();
      ByteBuffer frames = ByteBuffer.allocateDirect(33 * format.bytes() * channels);
      byte next = 0;
      for (int i = 0; i < BUFFERS; i++) {
        frames.clear();
        while (frames.hasRemaining()) {
          frames.put(next++);
        }
        stream.write(frames.flip());
      }
    }
  }
}
