package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PipewireOptionsTest {
  private static final PcmParameters PARAMETERS =
      new PcmParameters(SampleFormat.S16, SampleRate.HZ_44100, 2, 4 * 4096, 4096);

  @Test
  void allOptionsBeginWithTheBackendsName() {
    assertThat(PipewireOptions.ALL)
        .extracting(AudioOption::name)
        .doesNotHaveDuplicates()
        .allMatch(name -> name.startsWith("pipewire-"));
  }

  @Test
  void withoutOptionsTheGuestsPeriodIsTheLatency() throws Exception {
    PipewireOptions options = PipewireOptions.of(Map.of());
    assertThat(options.nodeName()).isEqualTo("vhost4j");
    assertThat(options.target(Direction.OUTPUT)).isEmpty();
    assertThat(options.nodeLatency(PARAMETERS)).isEqualTo("1024/44100");
  }

  @Test
  void aPeriodAsLongAsTheBufferIsHalved() throws Exception {
    PcmParameters one = new PcmParameters(SampleFormat.S16, SampleRate.HZ_44100, 2, 4096, 4096);
    assertThat(PipewireOptions.of(Map.of()).nodeLatency(one)).isEqualTo("512/44100");
  }

  @ParameterizedTest
  @CsvSource({"256/48000,256/48000", "20ms,882/44100", "0ms,1/44100"})
  void aLatencyIsAFractionOrATime(String given, String expected) throws Exception {
    assertThat(PipewireOptions.of(Map.of("pipewire-latency", given)).nodeLatency(PARAMETERS))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "256", "256/0", "0/48000", "-1ms", "1.5ms", "99999999/1"})
  void anotherLatencyIsRefused(String given) {
    assertThatThrownBy(() -> PipewireOptions.of(Map.of("pipewire-latency", given)))
        .isInstanceOf(AudioException.class)
        .hasMessageStartingWith("pipewire-latency: \"" + given + "\" is no latency")
        .hasMessageNotContaining("\n");
  }

  @Test
  void eachDirectionHasItsTarget() throws Exception {
    PipewireOptions options =
        PipewireOptions.of(
            Map.of("pipewire-playback-target", "speaker", "pipewire-capture-target", "mic"));
    assertThat(options.target(Direction.OUTPUT)).isEqualTo("speaker");
    assertThat(options.target(Direction.INPUT)).isEqualTo("mic");
  }
}
