package io.vhost4j.audio.alsa;

import static io.vhost4j.audio.ChannelPosition.FC;
import static io.vhost4j.audio.ChannelPosition.FL;
import static io.vhost4j.audio.ChannelPosition.FR;
import static io.vhost4j.audio.ChannelPosition.LFE;
import static io.vhost4j.audio.ChannelPosition.MONO;
import static io.vhost4j.audio.ChannelPosition.RL;
import static io.vhost4j.audio.ChannelPosition.RR;
import static io.vhost4j.audio.ChannelPosition.SL;
import static io.vhost4j.audio.ChannelPosition.SR;

import io.vhost4j.audio.AudioBackend;
import io.vhost4j.audio.AudioException;
import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.StreamCapabilities;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * One ALSA device for each direction. A device is open only while a stream of its direction is: in
 * between, it belongs to the other programs of the host.
 */
final class AlsaBackend implements AudioBackend {
  /** The order of ALSA's devices surround21 to surround71, which hardware that says nothing has. */
  private static final Map<Integer, List<ChannelPosition>> USUAL_MAPS =
      Map.of(
          1, List.of(MONO),
          2, List.of(FL, FR),
          3, List.of(FL, FR, LFE),
          4, List.of(FL, FR, RL, RR),
          5, List.of(FL, FR, RL, RR, FC),
          6, List.of(FL, FR, RL, RR, FC, LFE),
          8, List.of(FL, FR, RL, RR, FC, LFE, SL, SR));

  private final Map<Direction, AlsaDevice> devices = new EnumMap<>(Direction.class);
  private final Map<Direction, AudioException> failures = new EnumMap<>(Direction.class);

  /**
   * Asks the devices what they can do. Hosts that can only play or only record are common, so one
   * that fails is held against the backend only when a stream of its direction is wanted.
   *
   * @param names the devices' names, one for each direction
   * @throws AudioException if neither will ever be opened
   */
  AlsaBackend(Map<Direction, String> names) throws AudioException {
    for (Map.Entry<Direction, String> name : names.entrySet()) {
      try {
        devices.put(name.getKey(), new AlsaDevice(name.getValue(), name.getKey()));
      } catch (AudioException e) {
        failures.put(name.getKey(), e);
      }
    }
    AudioException failure = failures.get(Direction.OUTPUT);
    if (failure != null && devices.isEmpty()) {
      throw failure;
    }
  }

  private AlsaDevice device(Direction direction) throws AudioException {
    AlsaDevice device = devices.get(direction);
    if (device == null) {
      throw failures.getOrDefault(direction, new AudioException("no device was named"));
    }
    return device;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if the device of that direction will never be opened
   */
  @Override
  public StreamCapabilities capabilities(Direction direction) {
    try {
      return device(direction).capabilities();
    } catch (AudioException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public StreamCapabilities capabilities(int streamId, Direction direction) throws AudioException {
    return device(direction).capabilities();
  }

  @Override
  public boolean supports(Direction direction, PcmParameters parameters) {
    AlsaDevice device = devices.get(direction);
    return device != null && device.supports(parameters);
  }

  @Override
  public List<ChannelPosition> channelPositions(Direction direction, int channels) {
    AlsaDevice device = devices.get(direction);
    List<ChannelPosition> usual = USUAL_MAPS.getOrDefault(channels, List.of());
    return device == null ? usual : device.fixedMaps().getOrDefault(channels, usual);
  }

  @Override
  public String target(Direction direction) {
    AlsaDevice device = devices.get(direction);
    return device == null ? "" : "device " + device.name();
  }

  /** False: libasound and its plug-ins may wait for a device or a server. */
  @Override
  public boolean isImmediate() {
    return false;
  }

  @Override
  public AudioStream open(
      int streamId, Direction direction, PcmParameters parameters, Runnable wake)
      throws AudioException {
    AlsaPcm pcm = device(direction).open(parameters);
    return direction == Direction.OUTPUT
        ? new AlsaPlayback(pcm, parameters)
        : new AlsaCapture(pcm, parameters);
  }

  @Override
  public void close() {}
}
