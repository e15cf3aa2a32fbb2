package io.vhost4j.audio.alsa;

import static io.vhost4j.audio.alsa.lowlevel.LibAsound.*;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Asks a device that is open and not configured what it can do. */
final class AlsaCapabilities {
  /** Most channels that virtio-sound knows (A59). */
  private static final int MAX_CHANNELS = 18;

  private AlsaCapabilities() {}

  /** What the device can do of what virtio-sound knows. */
  static StreamCapabilities of(AlsaPcm pcm) throws AudioException {
    try (Memory hw = pcm.anyInterleaved()) {
      long formats = 0;
      for (SampleFormat format : SampleFormat.values()) {
        int alsa = AlsaFormat.of(format);
        if (alsa != AlsaFormat.NONE && snd_pcm_hw_params_test_format(pcm.handle(), hw, alsa) == 0) {
          formats |= format.mask();
        }
      }
      long rates = 0;
      for (SampleRate rate : SampleRate.values()) {
        if (snd_pcm_hw_params_test_rate(pcm.handle(), hw, rate.hertz(), 0) == 0) {
          rates |= rate.mask();
        }
      }
      IntByReference min = new IntByReference();
      IntByReference max = new IntByReference();
      pcm.check("tell its channels", snd_pcm_hw_params_get_channels_min(hw, min));
      pcm.check("tell its channels", snd_pcm_hw_params_get_channels_max(hw, max));
      if (formats == 0 || rates == 0 || Integer.compareUnsigned(min.getValue(), MAX_CHANNELS) > 0) {
        throw new AudioException(
            pcm
                + " has no format, rate or number of channels that virtio-sound knows; put 'plug:'"
                + " before its name to have ALSA convert");
      }
      return new StreamCapabilities(
          formats,
          rates,
          Math.max(1, min.getValue()),
          Integer.compareUnsigned(max.getValue(), MAX_CHANNELS) > 0
              ? MAX_CHANNELS
              : max.getValue());
    }
  }

  /** Where the channels of the device go, by their number, as far as that cannot be changed. */
  static Map<Integer, List<ChannelPosition>> fixedChannelMaps(AlsaPcm pcm) {
    Map<Integer, List<ChannelPosition>> fixed = new HashMap<>();
    Pointer list = snd_pcm_query_chmaps(pcm.handle());
    if (list != null) {
      for (Pointer map : list.getPointerArray(0)) {
        int channels = map.getInt(Integer.BYTES);
        if (map.getInt(0) == SND_CHMAP_TYPE_FIXED && channels <= MAX_CHANNELS) {
          fixed.putIfAbsent(
              channels,
              Arrays.stream(map.getIntArray(2 * Integer.BYTES, channels))
                  .mapToObj(AlsaCapabilities::position)
                  .toList());
        }
      }
      snd_pcm_free_chmaps(list);
    }
    return fixed;
  }

  /** ALSA and virtio-sound number positions alike. */
  private static ChannelPosition position(int alsa) {
    ChannelPosition[] positions = ChannelPosition.values();
    int position = alsa & SND_CHMAP_POSITION_MASK;
    return position < positions.length ? positions[position] : ChannelPosition.NONE;
  }
}
