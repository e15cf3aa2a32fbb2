package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.device.DeviceOptionException;
import org.junit.jupiter.api.Test;

class StreamLimitsTest {
  @Test
  void whatIsCommonCanBeWidened() throws Exception {
    assertThat(StreamLimits.of("s16,FLOAT64", "common,8000", 18))
        .isEqualTo(
            new StreamLimits(
                SampleFormat.S16.mask() | SampleFormat.FLOAT64.mask(),
                StreamConfig.COMMON_RATES | SampleRate.HZ_8000.mask(),
                18));
    assertThat(StreamLimits.of("all", "all", 1)).isEqualTo(new StreamLimits(-1, -1, 1));
  }

  @Test
  void whatIsUnknownIsNamed() {
    assertThatThrownBy(() -> StreamLimits.of("S16,S17", "common", 1))
        .isInstanceOf(DeviceOptionException.class)
        .hasMessageStartingWith(
            "--formats=S16,S17: 'S17' is unknown: give common, all or some of ");
    assertThatThrownBy(() -> StreamLimits.of("common", "48k", 1))
        .isInstanceOf(DeviceOptionException.class)
        .hasMessageStartingWith("--rates=48k: '48k' is unknown: give common, all or some of 5512,");
  }
}
