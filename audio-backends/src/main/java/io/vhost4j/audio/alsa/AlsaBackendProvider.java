package io.vhost4j.audio.alsa;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.alsa.lowlevel.LibAsound;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The backend {@code alsa}. Listed everywhere; opens where libasound is installed. */
public final class AlsaBackendProvider implements AudioBackendProvider {
  private static final String DEFAULT_DEVICE = "default";

  private final String library;

  public AlsaBackendProvider() {
    this(LibAsound.SONAME);
  }

  AlsaBackendProvider(String library) {
    this.library = library;
  }

  @Override
  public String name() {
    return "alsa";
  }

  @Override
  public String description() {
    return "ALSA devices of this host";
  }

  @Override
  public List<AudioOption> options() {
    return List.of(
        new AudioOption(
            optionOf(Direction.OUTPUT),
            "DEVICE",
            "ALSA device to play to, as 'aplay -L' lists them; hw:N never converts, default and"
                + " plughw:N convert what the hardware does not do",
            DEFAULT_DEVICE),
        new AudioOption(
            optionOf(Direction.INPUT),
            "DEVICE",
            "ALSA device to record from, as 'arecord -L' lists them",
            DEFAULT_DEVICE));
  }

  static String optionOf(Direction direction) {
    return direction == Direction.OUTPUT ? "alsa-playback" : "alsa-capture";
  }

  @Override
  public AudioBackend open(Map<String, String> options) throws AudioException {
    check(options);
    try {
      LibAsound.load(library);
    } catch (UnsatisfiedLinkError e) {
      throw new AudioException(
          library
              + " cannot be loaded: install libasound2 (Debian) or alsa-lib, or choose another"
              + " backend",
          e);
    }
    Map<Direction, String> devices = new EnumMap<>(Direction.class);
    for (Direction direction : Direction.values()) {
      devices.put(direction, options.getOrDefault(optionOf(direction), DEFAULT_DEVICE));
    }
    return new AlsaBackend(devices);
  }
}
