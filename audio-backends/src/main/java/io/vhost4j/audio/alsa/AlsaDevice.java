package io.vhost4j.audio.alsa;

import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.SampleFormat;
import io.vhost4j.audio.SampleRate;
import io.vhost4j.audio.StreamCapabilities;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device by its name, and what it can do as it said at the start.
 *
 * <p>A device that is in use or unplugged by then says nothing, and a guest reads what it is
 * offered only once. So the guest is offered what is usual in stereo; when the device is there,
 * ALSA converts what it does not do.
 */
final class AlsaDevice {
  /** What ALSA's plug-in {@code plug} converts, of what people have. */
  private static final StreamCapabilities USUAL =
      new StreamCapabilities(
          SampleFormat.U8.mask()
              | SampleFormat.S16.mask()
              | SampleFormat.S24_3.mask()
              | SampleFormat.S24.mask()
              | SampleFormat.S32.mask()
              | SampleFormat.FLOAT.mask(),
          (1L << SampleRate.values().length) - 1,
          1,
          2);

  private static final Logger LOG = LoggerFactory.getLogger(AlsaDevice.class);

  private final String name;
  private final Direction direction;
  private final StreamCapabilities capabilities;
  private final Map<Integer, List<ChannelPosition>> fixedMaps;

  /** Null if the device was not there, for the reason in {@code absence}, a negative errno. */
  private final @Nullable AlsaCombinations combinations;

  private final long absence;
  private boolean absenceTold;

  /**
   * Asks a device what it can do.
   *
   * @throws AudioException if it will not be there later either
   */
  AlsaDevice(String name, Direction direction) throws AudioException {
    this.name = name;
    this.direction = direction;
    long handle = AlsaPcm.tryOpen(name, direction);
    absence = Math.min(0, handle);
    if (handle < 0) {
      if (!AlsaPcm.mayComeBack(name, handle)) {
        throw AlsaPcm.refused(name, direction, handle);
      }
      capabilities = USUAL;
      combinations = null;
      fixedMaps = Map.of();
      return;
    }
    try (AlsaPcm pcm = new AlsaPcm(handle, name, direction)) {
      capabilities = AlsaCapabilities.of(pcm);
      combinations = AlsaCombinations.of(pcm, capabilities);
      fixedMaps = AlsaCapabilities.fixedChannelMaps(pcm);
    }
  }

  /** What ALSA calls it. */
  String name() {
    return name;
  }

  /** What it can do; tells once if that could not be asked. */
  synchronized StreamCapabilities capabilities() {
    if (combinations == null && !absenceTold) {
      absenceTold = true;
      LOG.warn("{}", AlsaPcm.absent(name, direction, absence));
    }
    return capabilities;
  }

  Map<Integer, List<ChannelPosition>> fixedMaps() {
    return fixedMaps;
  }

  /** Whether it can do all of this together. */
  boolean supports(PcmParameters parameters) {
    return combinations == null || combinations.include(parameters);
  }

  /** Opens it and sets the parameters. */
  AlsaPcm open(PcmParameters parameters) throws AudioException {
    AlsaPcm pcm = AlsaPcm.open(name, direction);
    try {
      pcm.configure(parameters);
      return pcm;
    } catch (AudioException e) {
      pcm.close();
      if (combinations != null || name.contains("'")) {
        throw e;
      }
      return openConverting(parameters, e);
    }
  }

  private AlsaPcm openConverting(PcmParameters parameters, AudioException refusal)
      throws AudioException {
    long handle = AlsaPcm.tryOpen("plug:'" + name + "'", direction);
    if (handle < 0) {
      throw refusal;
    }
    AlsaPcm pcm = new AlsaPcm(handle, name, direction);
    try {
      pcm.configure(parameters);
      return pcm;
    } catch (AudioException e) {
      pcm.close();
      throw e;
    }
  }
}
