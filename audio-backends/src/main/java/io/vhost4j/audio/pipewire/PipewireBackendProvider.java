package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.pipewire.lowlevel.LibPipewire;
import java.util.List;
import java.util.Map;

/** The backend {@code pipewire}: streams are nodes of the host's PipeWire graph. */
public final class PipewireBackendProvider implements AudioBackendProvider {
  /** Found by {@link java.util.ServiceLoader}. */
  public PipewireBackendProvider() {}

  @Override
  public String name() {
    return "pipewire";
  }

  @Override
  public String description() {
    return "plays and records through PipeWire";
  }

  @Override
  public List<AudioOption> options() {
    return PipewireOptions.ALL;
  }

  @Override
  public AudioBackend open(Map<String, String> options) throws AudioException {
    check(options);
    try {
      LibPipewire.pw_get_library_version();
    } catch (LinkageError e) {
      throw new AudioException(
          "cannot load "
              + LibPipewire.SONAME
              + ": install the package libpipewire-0.3-0 (Debian, Ubuntu) or choose another backend",
          e);
    }
    return new PipewireBackend(PipewireOptions.of(options));
  }
}
