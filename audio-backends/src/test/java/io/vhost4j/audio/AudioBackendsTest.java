package io.vhost4j.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class AudioBackendsTest {
  @Test
  void findsTheBackendsOnTheClassPathInOrderOfTheirNames() throws Exception {
    assertThat(AudioBackends.all())
        .extracting(AudioBackendProvider::name)
        .contains("file", "null")
        .isSorted();
    assertThat(AudioBackends.named("null").name()).isEqualTo("null");
  }

  @Test
  void namesThoseThereAreWhenAskedForAnother() {
    assertThatThrownBy(() -> AudioBackends.named("oss"))
        .isInstanceOf(AudioException.class)
        .hasMessageStartingWith("there is no audio backend 'oss': give ")
        .hasMessageContaining("file, null");
  }

  /** A program that embeds a backend learns of its slip as a command line does. */
  @Test
  void everyBackendRefusesOptionsThatItDoesNotHave() {
    for (AudioBackendProvider provider : AudioBackends.all()) {
      assertThatThrownBy(() -> provider.open(Map.of("playback_file", "x.wav")))
          .as(provider.name())
          .isInstanceOf(AudioOptionException.class)
          .hasMessageStartingWith(
              "the audio backend " + provider.name() + " has no option 'playback_file': it has ")
          .hasMessageContaining(provider.options().get(0).name())
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void theDefaultOfEveryOptionIsOneOfItsValues() {
    for (AudioBackendProvider provider : AudioBackends.all()) {
      for (AudioOption option : provider.options()) {
        assertThatCode(() -> option.check(option.defaultValue())).doesNotThrowAnyException();
      }
    }
  }
}
