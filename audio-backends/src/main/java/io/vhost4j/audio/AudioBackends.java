package io.vhost4j.audio;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The audio backends on the class path. */
public final class AudioBackends {
  private AudioBackends() {}

  /** All of them, by name. */
  public static List<AudioBackendProvider> all() {
    List<AudioBackendProvider> providers = new ArrayList<>();
    ServiceLoader.load(AudioBackendProvider.class).forEach(providers::add);
    providers.sort(Comparator.comparing(AudioBackendProvider::name));
    return List.copyOf(providers);
  }

  /**
   * The one of this name.
   *
   * @throws AudioException if there is none; the message names those that are
   */
  public static AudioBackendProvider named(String name) throws AudioException {
    List<AudioBackendProvider> providers = all();
    for (AudioBackendProvider provider : providers) {
      if (provider.name().equals(name)) {
        return provider;
      }
    }
    throw new AudioException(
        providers.stream()
            .map(AudioBackendProvider::name)
            .collect(
                Collectors.joining(", ", "there is no audio backend '" + name + "': give ", "")));
  }
}
