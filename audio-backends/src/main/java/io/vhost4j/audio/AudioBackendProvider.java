package io.vhost4j.audio;

import java.util.List;
import java.util.Map;

/**
 * A kind of audio backend, found with {@link java.util.ServiceLoader}: others add one by putting a
 * jar on the class path.
 */
public interface AudioBackendProvider {
  /** The name that users choose it by, lower case, for example {@code alsa}. */
  String name();

  /** One line for help texts. */
  String description();

  /** The options that {@link #open(Map)} understands. */
  List<AudioOption> options();

  /**
   * Makes a backend ready for streams. May block; not called on an event loop.
   *
   * @param options values by {@link AudioOption#name()}; those absent have their default
   * @throws AudioException if the host's audio is not to be had, or an option's value is wrong
   */
  AudioBackend open(Map<String, String> options) throws AudioException;
}
