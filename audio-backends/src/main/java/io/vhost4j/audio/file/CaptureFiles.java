package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.StreamCapabilities;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The files that the streams of one device record: one for all of them, or one for each. */
final class CaptureFiles {
  private final String name;
  private final boolean perStream;
  private final Map<Path, CaptureFile> files = new HashMap<>();

  /**
   * Looks at the file, if the name alone tells which it is.
   *
   * @param name the value of {@code --capture-file}
   * @throws AudioException if the file cannot be recorded
   */
  CaptureFiles(String name) throws AudioException {
    this.name = name;
    perStream = name.contains(FileNames.STREAM_ID);
    if (!perStream) {
      file(0);
    }
  }

  /** The file of a stream, the same for as long as the process runs. */
  synchronized CaptureFile file(int streamId) throws AudioException {
    Path path = FileNames.path(FileBackendProvider.CAPTURE_FILE.name(), name, streamId);
    CaptureFile file = files.get(path);
    if (file == null) {
      file = CaptureFile.of(path);
      files.put(path, file);
    }
    return file;
  }

  /** What all streams are, or at most can be if each has its own file. */
  synchronized StreamCapabilities capabilities(StreamCapabilities most) {
    return perStream ? most : files.values().iterator().next().capabilities();
  }

  /** As the user gave it, {@code %d} and all, but absolute. */
  @Override
  public String toString() {
    return FileNames.absolute(name).toString();
  }
}
