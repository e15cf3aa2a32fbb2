package io.vhost4j.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
}
