package io.vhost4j.audio.file;

import io.vhost4j.audio.AudioException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the plays of one stream go, one after the other: the file of the stream's name, and its
 * numbered followers. Outlives the streams that play, one at a time.
 */
final class PlaybackFile {
  private static final Logger LOG = LoggerFactory.getLogger(PlaybackFile.class);

  private final Path first;
  private final long maxRiffBytes;
  private int number = 1;
  private boolean playing;
  private @Nullable WavWriter writer;
  private boolean toldOfIncomplete;

  PlaybackFile(Path first) {
    this(first, WavFormat.MAX_RIFF_BYTES);
  }

  /** With files that are full before they must be. */
  PlaybackFile(Path first, long maxRiffBytes) {
    this.first = first;
    this.maxRiffBytes = maxRiffBytes;
  }

  /**
   * Opens the file for a play in this format.
   *
   * @throws AudioException if the file cannot be written, or another play is still at it
   */
  synchronized void open(WavFormat format) throws AudioException {
    if (playing) {
      throw new AudioException("cannot play into " + path(number) + ": another stream still does");
    }
    WavWriter last = writer;
    if (last != null && last.format().equals(format)) {
      begin(last);
    } else if (last != null && last.dataBytes() > 0) {
      follow(format);
    } else {
      writer = begin(new WavWriter(path(number), format, maxRiffBytes));
    }
    playing = true;
  }

  /** Appends whole frames; only between {@link #open} and {@link #close}. */
  void write(ByteBuffer frames) throws AudioException {
    WavWriter to = writer;
    if (to != null && !to.hasRoomFor(frames.remaining())) {
      WavWriter full = to;
      to = follow(full.format());
      close(full);
    }
    if (to != null) {
      try {
        to.write(frames);
      } catch (IOException e) {
        throw failure(to, e);
      }
    }
  }

  /** The play is over. */
  synchronized void close() {
    playing = false;
    if (writer != null) {
      close(writer);
    }
  }

  private synchronized WavWriter follow(WavFormat format) throws AudioException {
    WavWriter next = begin(new WavWriter(path(number + 1), format, maxRiffBytes));
    number++;
    writer = next;
    return next;
  }

  private WavWriter begin(WavWriter writer) throws AudioException {
    try {
      writer.open();
      if (writer.dataBytes() == 0) {
        LOG.debug("{} begins: {}", writer.path(), writer.format()); // as often as a guest likes
      }
      return writer;
    } catch (IOException e) {
      close(writer);
      throw failure(writer, e);
    }
  }

  private Path path(int which) {
    return which == 1 ? first : FileNames.withSuffix(first, "-" + which);
  }

  private static AudioException failure(WavWriter writer, IOException e) {
    return new AudioException("cannot play into " + writer.path() + ": " + FileNames.reason(e), e);
  }

  /** Tells of the first failure only, as a guest can have it as often as it likes. */
  private void close(WavWriter writer) {
    try {
      writer.close();
    } catch (IOException e) {
      if (!toldOfIncomplete) {
        toldOfIncomplete = true;
        LOG.warn("{} may be incomplete: {}", writer.path(), FileNames.reason(e));
      }
    }
  }
}
