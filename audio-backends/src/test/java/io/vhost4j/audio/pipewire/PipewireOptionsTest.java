package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.AudioOption;
import io.vhost4j.audio.AudioOptionException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import java.util.List;
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
  void withoutOptionsTheGuestsPeriodIsTheLatency() {
    PipewireOptions options = PipewireOptions.of(Map.of());
    assertThat(options.nodeName()).isEmpty();
    assertThat(options.target(Direction.OUTPUT)).isEmpty();
    assertThat(options.nodeLatency(PARAMETERS)).isEqualTo("1024/44100");
  }

  @Test
  void aPeriodAsLongAsTheBufferIsHalved() {
    PcmParameters one = new PcmParameters(SampleFormat.S16, SampleRate.HZ_44100, 2, 4096, 4096);
    assertThat(PipewireOptions.of(Map.of()).nodeLatency(one)).isEqualTo("512/44100");
  }

  @ParameterizedTest
  @CsvSource({"256/48000,256/48000", "20ms,882/44100", "0ms,1/44100"})
  void aLatencyIsAFractionOrATime(String given, String expected) {
    assertThat(PipewireOptions.of(Map.of("pipewire-latency", given)).nodeLatency(PARAMETERS))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "256", "256/0", "0/48000", "-1ms", "1.5ms", "99999999/1"})
  void anotherLatencyIsRefused(String given) {
    for (String option : List.of("pipewire-latency", "pipewire-min-quantum")) {
      assertThatThrownBy(() -> new PipewireBackendProvider().open(Map.of(option, given)))
          .isInstanceOf(AudioOptionException.class)
          .hasMessage(
              "--"
                  + option
                  + "="
                  + given
                  + " is unknown: give FRAMES/RATE such as 256/48000, or a time such as 20ms");
    }
  }

  /** The graph is shared: an unprivileged guest must not choose its cycle. */
  @ParameterizedTest
  @CsvSource({
    "HZ_44100, '', 256/44100",
    "HZ_48000, '', 279/48000",
    "HZ_192000, '', 1115/192000",
    "HZ_48000, 64/96000, 32/48000",
    "HZ_48000, 10ms, 480/48000",
    "HZ_48000, 1/192000, 16/48000"
  })
  void aShortPeriodDoesNotGoBelowTheFloor(SampleRate rate, String floor, String expected) {
    PcmParameters tiny = new PcmParameters(SampleFormat.S16, rate, 2, 4 * 64, 64);
    Map<String, String> options =
        floor.isEmpty() ? Map.of() : Map.of("pipewire-min-quantum", floor);
    assertThat(PipewireOptions.of(options).nodeLatency(tiny)).isEqualTo(expected);
  }

  @Test
  void theUserMayAskForLessThanTheFloor() {
    PipewireOptions options = PipewireOptions.of(Map.of("pipewire-latency", "16/48000"));
    assertThat(options.nodeLatency(PARAMETERS)).isEqualTo("16/48000");
  }

  @Test
  void eachDirectionHasItsTarget() {
    PipewireOptions options =
        PipewireOptions.of(
            Map.of("pipewire-playback-target", "speaker", "pipewire-capture-target", "mic"));
    assertThat(options.target(Direction.OUTPUT)).isEqualTo("speaker");
    assertThat(options.target(Direction.INPUT)).isEqualTo("mic");
  }
}
