package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioOptionException;
import io.vhost4j.audio.Pacing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The backend {@code file}. */
public final class FileBackendProvider implements AudioBackendProvider {
  static final AudioOption PLAYBACK_FILE =
      new AudioOption(
          "playback-file",
          "FILE",
          "WAV file to play into, begun anew; %d becomes the stream's id",
          "playback-%d.wav");
  static final AudioOption CAPTURE_FILE =
      new AudioOption(
          "capture-file",
          "FILE",
          "WAV file to record from, silence without; %d becomes the stream's id",
          "");
  static final AudioOption CAPTURE_LOOP =
      new AudioOption(
          "capture-loop", "", "start the capture file over when it ends, not silence", "false");

  @Override
  public String name() {
    return "file";
  }

  @Override
  public String description() {
    return "play into and record from WAV files";
  }

  @Override
  public List<AudioOption> options() {
    return List.of(PLAYBACK_FILE, CAPTURE_FILE, CAPTURE_LOOP, Pacing.OPTION);
  }

  @Override
  public void check(Map<String, String> options) {
    AudioBackendProvider.super.check(options);
    if (loops(options) && CAPTURE_FILE.in(options).isEmpty()) {
      throw new AudioOptionException("--capture-loop needs a --capture-file to start over");
    }
  }

  private static boolean loops(Map<String, String> options) {
    return CAPTURE_LOOP.in(options).equals("true");
  }

  @Override
  public AudioBackend open(Map<String, String> options) throws AudioException {
    check(options);
    String capture = CAPTURE_FILE.in(options);
    String playback = PLAYBACK_FILE.in(options);
    String name = playback.isEmpty() ? PLAYBACK_FILE.defaultValue() : playback;
    CaptureFiles captureFiles = capture.isEmpty() ? null : new CaptureFiles(capture);
    if (captureFiles != null) {
      checkDistinct(
          FileNames.path(PLAYBACK_FILE.name(), name, 0),
          FileNames.path(CAPTURE_FILE.name(), capture, 0));
    }
    return new FileBackend(
        new PlaybackNames(name), captureFiles, loops(options), Pacing.of(options));
  }

  private static void checkDistinct(Path target, Path source) throws AudioException {
    try {
      if (Files.exists(target) && Files.exists(source) && Files.isSameFile(target, source)) {
        throw new AudioException(
            "cannot play into " + target + ": it is the capture file, give another name");
      }
    } catch (IOException e) {
      throw new AudioException("cannot read " + source + ": " + FileNames.reason(e), e);
    }
  }
}
