package io.vhost4j.audio.pipewire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.audio.pipewire.lowlevel.SpaAudioFormat;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PipewireFormatsTest {
  @Test
  void fourBytesOf24BitsAreNotThree() {
    assertThat(PipewireFormats.spaFormat(SampleFormat.S24)).isEqualTo(SpaAudioFormat.S24_32_LE);
    assertThat(PipewireFormats.spaFormat(SampleFormat.S24_3)).isEqualTo(SpaAudioFormat.S24_LE);
  }

  @Test
  void onlyWhatIsMappedIsOffered() {
    StreamCapabilities capabilities = PipewireFormats.capabilities();
    for (SampleFormat format : SampleFormat.values()) {
      assertThat((capabilities.formats() & format.mask()) != 0)
          .as(format.name())
          .isEqualTo(PipewireFormats.spaFormat(format) != 0);
    }
    assertThat(capabilities.formats() & SampleFormat.U16.mask()).isZero();
    assertThat(Long.bitCount(capabilities.rates())).isEqualTo(SampleRate.values().length);
  }

  @Test
  void eachChannelHasAPlaceOfItsOwn() {
    StreamCapabilities capabilities = PipewireFormats.capabilities();
    for (int n = capabilities.minChannels(); n <= capabilities.maxChannels(); n++) {
      assertThat(Arrays.stream(PipewireFormats.positions(n)).distinct().filter(p -> p > 0))
          .hasSize(n);
    }
  }

  @Test
  void buffersHaveRoomForACycleOfFloatsInEachChannel() {
    PcmParameters mono = new PcmParameters(SampleFormat.U8, SampleRate.HZ_192000, 1, 4096, 1024);
    assertThat(PipewireFormats.bufferBytes(mono)).isGreaterThanOrEqualTo(4 * 8192 * 192 / 44);
    PcmParameters wide = new PcmParameters(SampleFormat.S32, SampleRate.HZ_48000, 8, 4096, 1024);
    assertThat(PipewireFormats.bufferBytes(wide)).isGreaterThanOrEqualTo(8192 * 32);
  }
}
