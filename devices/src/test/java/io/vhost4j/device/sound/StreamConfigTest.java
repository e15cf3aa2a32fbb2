package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.none.NullBackend;
import org.junit.jupiter.api.Test;

class StreamConfigTest {
  private static final StreamConfig STANDARD = new StreamConfig(Direction.OUTPUT);

  /** What Linux makes of it (virtio_pcm.c): 160 ms of the widest frame at the highest rate. */
  private static long bufferBytesMax(StreamCapabilities offered) {
    int bytes = 0;
    int hertz = 0;
    for (SampleFormat format : SampleFormat.values()) {
      bytes = (offered.formats() & format.mask()) == 0 ? bytes : Math.max(bytes, format.bytes());
    }
    for (SampleRate rate : SampleRate.values()) {
      hertz = (offered.rates() & rate.mask()) == 0 ? hertz : Math.max(hertz, rate.hertz());
    }
    return (long) bytes * offered.maxChannels() * 160 * (hertz / 1000);
  }

  @Test
  void offersWhatPeopleHaveAndLinuxMakesABufferOfReasonableSize() throws Exception {
    StreamCapabilities offered = STANDARD.narrow(NullBackend.CAPABILITIES);

    assertThat(offered)
        .isEqualTo(
            new StreamCapabilities(StreamConfig.COMMON_FORMATS, StreamConfig.COMMON_RATES, 1, 8));
    assertThat(bufferBytesMax(offered)).isEqualTo(983_040);
    // 8847360: 23 s of 48 kHz stereo in 32 bits.
    assertThat(bufferBytesMax(NullBackend.CAPABILITIES)).isEqualTo(8_847_360);
  }

  @Test
  void aBackendWithNothingOfWhatIsCommonOffersWhatItHas() throws Exception {
    StreamCapabilities telephone =
        new StreamCapabilities(SampleFormat.MU_LAW.mask(), SampleRate.HZ_8000.mask(), 1, 1);
    assertThat(STANDARD.narrow(telephone)).isEqualTo(telephone);
    StreamCapabilities mixer =
        new StreamCapabilities(SampleFormat.S32.mask(), SampleRate.HZ_48000.mask(), 10, 18);
    assertThat(STANDARD.narrow(mixer)).isEqualTo(mixer);
  }

  @Test
  void whatIsAskedForIsNotExceeded() {
    StreamCapabilities mixer =
        new StreamCapabilities(SampleFormat.S32.mask(), SampleRate.HZ_48000.mask(), 10, 18);
    assertThatThrownBy(() -> STANDARD.withChannels(1, 2).narrow(mixer))
        .isInstanceOf(AudioException.class);
    assertThatThrownBy(() -> STANDARD.withFormats(SampleFormat.S16.mask()).narrow(mixer))
        .isInstanceOf(AudioException.class);
    assertThatThrownBy(() -> STANDARD.withRates(SampleRate.HZ_44100.mask()).narrow(mixer))
        .isInstanceOf(AudioException.class);
  }
}
