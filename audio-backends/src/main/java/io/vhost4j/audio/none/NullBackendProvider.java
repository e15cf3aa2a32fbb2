package io.vhost4j.audio.none;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.Pacing;
import java.util.List;
import java.util.Map;

/** The backend {@code null}. */
public final class NullBackendProvider implements AudioBackendProvider {
  @Override
  public String name() {
    return "null";
  }

  @Override
  public String description() {
    return "discard what is played, record silence";
  }

  @Override
  public List<AudioOption> options() {
    return List.of(Pacing.OPTION);
  }

  @Override
  public AudioBackend open(Map<String, String> options) {
    check(options);
    return new NullBackend(Pacing.of(options));
  }
}
