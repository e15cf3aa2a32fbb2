package io.vhost4j.audio.alsa;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioBackendProvider;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.alsa.lowlevel.LibAsound;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The host's libasound with a configuration of our own. */
final class RealAlsa implements BeforeAllCallback {
  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    Path conf =
        Path.of(Objects.requireNonNull(RealAlsa.class.getResource("/alsa/asound.conf")).toURI());
    // C's environment, not Java's: libasound reads it whenever it opens a device.
    Function setenv = NativeLibrary.getInstance("c").getFunction("setenv");
    setenv.invokeInt(new Object[] {"ALSA_CONFIG_PATH", conf.toString(), 1});
    try {
      LibAsound.load(LibAsound.SONAME);
    } catch (UnsatisfiedLinkError e) {
      throw new AssertionError(
          "these tests need libasound: install Debian's libasound2 or libasound2t64", e);
    }
  }

  static AudioBackendProvider provider() {
    return ServiceLoader.load(AudioBackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals("alsa"))
        .findFirst()
        .orElseThrow();
  }

  static AudioBackend open(String playback, String capture) throws AudioException {
    return provider().open(Map.of("alsa-playback", playback, "alsa-capture", capture));
  }
}
