package io.vhost4j.audio.alsa;

import static io.vhost4j.audio.alsa.lowlevel.LibAsound.*;

import com.sun.jna.Memory;
import com.sun.jna.ptr.IntByReference;
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

  /**
   * Asks a device that is open and not configured: for each format and rate what is left of its
   * channels. To try each number of channels as well would take a tenth of a second.
   */
  static AlsaCombinations of(AlsaPcm pcm, StreamCapabilities capabilities) throws AudioException {
    AlsaCombinations combinations = new AlsaCombinations();
    try (Memory any = pcm.anyInterleaved();
        Memory ofFormat = newHwParams();
        Memory ofRate = newHwParams()) {
      int possible = 0;
      for (int n = capabilities.minChannels(); n <= capabilities.maxChannels(); n++) {
        possible |= snd_pcm_hw_params_test_channels(pcm.handle(), any, n) == 0 ? 1 << n : 0;
      }
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
            combinations.channels[index(format, rate)] = possible & range(pcm, ofRate);
          }
        }
      }
    }
    return combinations;
  }

  /** The numbers of channels, up to 31, between the least and the most of a configuration. */
  private static int range(AlsaPcm pcm, Memory hw) throws AudioException {
    IntByReference min = new IntByReference();
    IntByReference max = new IntByReference();
    pcm.check("tell its channels", snd_pcm_hw_params_get_channels_min(hw, min));
    pcm.check("tell its channels", snd_pcm_hw_params_get_channels_max(hw, max));
    int mask = 0;
    for (int n = 1; n < Integer.SIZE; n++) {
      boolean inside =
          Integer.compareUnsigned(n, min.getValue()) >= 0
              && Integer.compareUnsigned(n, max.getValue()) <= 0;
      mask |= inside ? 1 << n : 0;
    }
    return mask;
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
