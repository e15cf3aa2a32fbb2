package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** How names of files are made, and how failures with them are told. */
final class FileNames {
  /** What stands for a stream's id in an option's value. */
  static final String STREAM_ID = "%d";

  private FileNames() {}

  /** The file that an option names, for one stream. */
  static Path path(String option, String name, int streamId) throws AudioException {
    String filled = name.replace(STREAM_ID, Integer.toString(streamId));
    try {
      return absolute(filled);
    } catch (InvalidPathException e) {
      throw new AudioException(
          "--" + option + "=" + name + " is no file name: " + e.getReason(), e);
    }
  }

  /**
   * The path that a name stands for.
   *
   * @throws InvalidPathException if it cannot be one
   */
  static Path absolute(String name) {
    return Path.of(name).toAbsolutePath().normalize();
  }

  /** The name with a suffix before its {@code .wav}, or at its end if it has none. */
  static Path withSuffix(Path path, String suffix) {
    String name = String.valueOf(path.getFileName());
    String lower = name.toLowerCase(Locale.ROOT);
    int dot = lower.endsWith(".wav") || lower.endsWith(".wave") ? lower.lastIndexOf('.') : -1;
    int end = dot > 0 ? dot : name.length();
    return path.resolveSibling(name.substring(0, end) + suffix + name.substring(end));
  }

  /** Why an operation on a file failed, in few words. */
  static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return reason == null ? e.getClass().getSimpleName() : reason;
  }
}
