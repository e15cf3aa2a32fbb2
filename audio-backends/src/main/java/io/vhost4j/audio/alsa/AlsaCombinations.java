package io.vhost4j.audio.alsa;

import static io.vhost4j.audio.alsa.lowlevel.LibAsound.*;

import com.sun.jna.Memory;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;

/**
 * Which of its formats, rates and numbers of channels a device can do together: 192 kHz in stereo
 * only, for example. virtio-sound tells a guest each by itself, so that it may choose what cannot
 * be. Immutable.
 */
final class AlsaCombinations {
  private static final int FORMATS = SampleFormat.values().length;
  private static final int RATES = SampleRate.values().length;

  /** For each format and rate a mask of numbers of channels. */
  private final int[] channels = new int[FORMATS * RATES];

  private AlsaCombinations() {}

  /** Tries them all on a device that is open and not configured. */
  static AlsaCombinations of(AlsaPcm pcm, StreamCapabilities capabilities) throws AudioException {
    AlsaCombinations combinations = new AlsaCombinations();
    try (Memory any = pcm.anyInterleaved();
        Memory ofFormat = newHwParams();
        Memory ofRate = newHwParams()) {
      for (SampleFormat format : SampleFormat.values()) {
        snd_pcm_hw_params_copy(ofFormat, any);
        if ((capabilities.formats() & format.mask()) == 0
            || snd_pcm_hw_params_set_format(pcm.handle(), ofFormat, AlsaFormat.of(format)) < 0) {
          continue;
        }
        for (SampleRate rate : SampleRate.values()) {
          snd_pcm_hw_params_copy(ofRate, ofFormat);
          if ((capabilities.rates() & rate.mask()) != 0
              && snd_pcm_hw_params_set_rate(pcm.handle(), ofRate, rate.hertz(), 0) == 0) {
            for (int n = capabilities.minChannels(); n <= capabilities.maxChannels(); n++) {
              if (snd_pcm_hw_params_test_channels(pcm.handle(), ofRate, n) == 0) {
                combinations.channels[index(format, rate)] |= 1 << n;
              }
            }
          }
        }
      }
    }
    return combinations;
  }

  /** Whether the device can do this. */
  boolean include(PcmParameters parameters) {
    return (channels[index(parameters.format(), parameters.rate())] & 1 << parameters.channels())
        != 0;
  }

  private static int index(SampleFormat format, SampleRate rate) {
    return format.ordinal() * RATES + rate.ordinal();
  }
}
