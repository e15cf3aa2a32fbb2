package io.vhost4j.audio.alsa;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

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

/**
 * The host's libasound with a configuration of our own. Without libasound the tests fail, unless
 * {@code -Dvhost4j.test.alsa=skip} says that this is meant.
 */
final class RealAlsa implements BeforeAllCallback {
  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    assumeFalse(
        "skip".equals(System.getProperty("vhost4j.test.alsa")), "vhost4j.test.alsa=skip was given");
    Path conf =
        Path.of(Objects.requireNonNull(RealAlsa.class.getResource("/alsa/asound.conf")).toURI());
    // C's environment, not Java's: libasound reads it whenever it opens a device.
    Function setenv = NativeLibrary.getInstance("c").getFunction("setenv");
    setenv.invokeInt(new Object[] {"ALSA_CONFIG_PATH", conf.toString(), 1});
    try {
      LibAsound.load(LibAsound.SONAME);
    } catch (UnsatisfiedLinkError e) {
      throw new AssertionError(
          "these tests need libasound: apt install libasound2, or -Dvhost4j.test.alsa=skip", e);
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
