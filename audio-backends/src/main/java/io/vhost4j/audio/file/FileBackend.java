package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.Pacing;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.StreamClock;
import io.vhost4j.audio.none.NullBackend;
import io.vhost4j.audio.none.NullStream;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of one device; what goes where is told in the package's description. */
final class FileBackend implements AudioBackend {
  private static final StreamCapabilities WRITABLE =
      new StreamCapabilities(
          WavFormat.WRITABLE,
          NullBackend.CAPABILITIES.rates(),
          NullBackend.CAPABILITIES.minChannels(),
          NullBackend.CAPABILITIES.maxChannels());

  private final PlaybackNames names;
  private final @Nullable CaptureFiles captureFiles;
  private final boolean loop;
  private final Pacing pacing;
  private final Map<Integer, PlaybackFile> playbackFiles = new HashMap<>();

  /**
   * A backend that has opened no file.
   *
   * @param names of the files that it plays into; closed with the backend
   * @param captureFiles what it records, null for silence
   */
  FileBackend(
      PlaybackNames names, @Nullable CaptureFiles captureFiles, boolean loop, Pacing pacing) {
    this.names = names;
    this.captureFiles = captureFiles;
    this.loop = loop;
    this.pacing = pacing;
  }

  @Override
  public StreamCapabilities capabilities(Direction direction) {
    if (direction == Direction.OUTPUT) {
      return WRITABLE;
    }
    return captureFiles == null ? NullBackend.CAPABILITIES : captureFiles.capabilities(WRITABLE);
  }

  @Override
  public StreamCapabilities capabilities(int streamId, Direction direction) throws AudioException {
    return direction == Direction.INPUT && captureFiles != null
        ? captureFiles.file(streamId).capabilities()
        : capabilities(direction);
  }

  @Override
  public String target(Direction direction) {
    if (direction == Direction.OUTPUT) {
      return names.toString();
    }
    return captureFiles == null ? "silence" : captureFiles + (loop ? ", looped" : "");
  }

  /** A disk can take its time. */
  @Override
  public boolean isImmediate() {
    return false;
  }

  @Override
  public AudioStream open(
      int streamId, Direction direction, PcmParameters parameters, Runnable wake)
      throws AudioException {
    WavFormat format = new WavFormat(parameters);
    StreamClock clock = new StreamClock(direction, parameters, pacing, System::nanoTime);
    if (direction == Direction.OUTPUT) {
      return new PlaybackStream(playbackFile(streamId), format, clock);
    }
    return captureFiles == null
        ? new NullStream(parameters.format(), clock)
        : captureFiles.file(streamId).stream(format, loop, clock);
  }

  private synchronized PlaybackFile playbackFile(int streamId) throws AudioException {
    PlaybackFile file = playbackFiles.get(streamId);
    if (file == null) {
      file = new PlaybackFile(names.path(streamId));
      playbackFiles.put(streamId, file);
    }
    return file;
  }

  @Override
  public void close() {
    names.close();
  }
}
