package io.vhost4j.audio;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

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
   * Checks options as far as that can be done without the host's audio: at once, so that a command
   * line can be refused before anything is opened. Backends whose options depend on each other add
   * to it.
   *
   * @param options values by {@link AudioOption#name()}
   * @throws AudioOptionException if there is no such option, or it does not take the value
   */
  default void check(Map<String, String> options) {
    options.forEach(
        (name, value) ->
            options().stream()
                .filter(option -> option.name().equals(name))
                .findFirst()
                .orElseThrow(
                    () ->
                        new AudioOptionException(
                            options().stream()
                                .map(AudioOption::name)
                                .collect(
                                    Collectors.joining(
                                        ", ",
                                        "the audio backend "
                                            + name()
                                            + " has no option '"
                                            + name
                                            + "': it has ",
                                        ""))))
                .check(value));
  }

  /**
   * Makes a backend ready for streams. May block; not called on an event loop.
   *
   * @param options values by {@link AudioOption#name()}; those absent have their default
   * @throws AudioOptionException if {@link #check} finds something wrong with them
   * @throws AudioException if the host's audio is not to be had
   */
  AudioBackend open(Map<String, String> options) throws AudioException;
}
