package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * The names of the files that one device plays into, such that no two streams of the process have
 * the same.
 */
final class PlaybackNames implements AutoCloseable {
  /** The numbers, from 1, of the devices that named the same file. */
  private static final Map<Path, BitSet> CARDS = new HashMap<>();

  private final String name;
  private final Path template;
  private final int card;
  private int plainOwner = -1;

  /**
   * Claims a name.
   *
   * @param name the value of {@code --playback-file}
   * @throws AudioException if a file of this name could not be written
   */
  PlaybackNames(String name) throws AudioException {
    this.name = name;
    template = path(name, 0);
    check(template);
    synchronized (CARDS) {
      BitSet taken = CARDS.computeIfAbsent(template, t -> new BitSet());
      card = taken.nextClearBit(1);
      taken.set(card);
    }
  }

  /** The first file of a stream. */
  synchronized Path path(int streamId) throws AudioException {
    Path path = path(name, streamId);
    if (card > 1) {
      path = FileNames.withSuffix(path, "-card" + card);
    }
    if (name.contains(FileNames.STREAM_ID)) {
      return path;
    }
    if (plainOwner < 0) {
      plainOwner = streamId;
    }
    return streamId == plainOwner ? path : FileNames.withSuffix(path, "-stream" + streamId);
  }

  private static Path path(String name, int streamId) throws AudioException {
    return FileNames.path(FileBackendProvider.PLAYBACK_FILE.name(), name, streamId);
  }

  /** Tries without a trace: the file of an earlier run stays until someone plays. */
  private static void check(Path path) throws AudioException {
    Path directory = path.getParent();
    try {
      if (directory == null || (Files.exists(path) && !Files.isRegularFile(path))) {
        throw new IOException("it is no regular file");
      }
      if (Files.exists(path)) {
        FileChannel.open(path, StandardOpenOption.WRITE).close();
      } else if (Files.isDirectory(directory)) {
        Files.delete(Files.createTempFile(directory, ".playback", ".new"));
      } else {
        throw new IOException("there is no directory " + directory + ", create it");
      }
    } catch (IOException e) {
      throw new AudioException("cannot play into " + path + ": " + FileNames.reason(e), e);
    }
  }

  /** As the user gave it, {@code %d} and all, but absolute. */
  @Override
  public String toString() {
    Path path = FileNames.absolute(name);
    return (card > 1 ? FileNames.withSuffix(path, "-card" + card) : path).toString();
  }

  @Override
  public void close() {
    synchronized (CARDS) {
      BitSet taken = CARDS.get(template);
      if (taken != null) {
        taken.clear(card);
      }
    }
  }
}
