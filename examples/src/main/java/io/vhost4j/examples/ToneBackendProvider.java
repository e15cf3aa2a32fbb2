package io.vhost4j.examples;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import java.util.List;
import java.util.Map;

/**
 * An audio backend of one's own: the daemon finds it by {@code
 * META-INF/services/io.vhost4j.audio.AudioBackendProvider} and shows its option as {@code
 * --tone-hertz}.
 */
public final class ToneBackendProvider implements AudioBackendProvider {
  private static final AudioOption HERTZ =
      new AudioOption(
          "tone-hertz",
          "N",
          "pitch of the tone, 20 to 3000",
          "440",
          new AudioOption.Values("20 to 3000", ToneBackendProvider::isPitch));

  @Override
  public String name() {
    return "tone";
  }

  @Override
  public String description() {
    return "record a tone, discard what is played";
  }

  @Override
  public List<AudioOption> options() {
    return List.of(HERTZ);
  }

  @Override
  public AudioBackend open(Map<String, String> options) throws AudioException {
    check(options);
    return new ToneBackend(Integer.parseInt(HERTZ.in(options)));
  }

  private static boolean isPitch(String value) {
    return value.matches("[0-9]{2,4}")
        && Integer.parseInt(value) >= 20
        && Integer.parseInt(value) <= 3000;
  }
}
