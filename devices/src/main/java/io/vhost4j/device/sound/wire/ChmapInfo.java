package io.vhost4j.device.sound.wire;

import io.vhost4j.audio.ChannelPosition;
import io.vhost4j.audio.Direction;
import io.vhost4j.device.Struct;
import java.util.List;

/**
 * A channel map (VIRTIO 5.14.6.9).
 *
 * <pre>
 *  0            4           5          6                24
 *  +------------+-----------+----------+----------------+
 *  | hda_fn_nid | direction | channels | positions[18]  |
 *  +------------+-----------+----------+----------------+
 * </pre>
 */
public final class ChmapInfo extends Struct<ChmapInfo> {
  public static final int SIZE = 24;

  /** Most channels that a map can have (A59). */
  public static final int MAX_CHANNELS = 18;

  private static final int HDA_FN_NID = 0;
  private static final int DIRECTION = 4;
  private static final int CHANNELS = 5;
  private static final int POSITIONS = 6;

  /** A view of nothing so far. */
  public ChmapInfo() {
    super(SIZE);
  }

  public int hdaFnNid() {
    return le32(HDA_FN_NID);
  }

  public ChmapInfo hdaFnNid(int nid) {
    le32(HDA_FN_NID, nid);
    return this;
  }

  /** 0 output, 1 input. */
  public int direction() {
    return u8(DIRECTION);
  }

  public ChmapInfo direction(Direction direction) {
    u8(DIRECTION, direction.value());
    return this;
  }

  public int channels() {
    return u8(CHANNELS);
  }

  /** Value of the {@link ChannelPosition} of a channel, 0 to {@link #MAX_CHANNELS} - 1. */
  public int position(int channel) {
    return u8(POSITIONS + channel);
  }

  /** Sets the number of channels and all positions; those without a channel become 0. */
  public ChmapInfo positions(List<ChannelPosition> positions) {
    u8(CHANNELS, positions.size());
    zero(POSITIONS, MAX_CHANNELS);
    for (int channel = 0; channel < positions.size(); channel++) {
      u8(POSITIONS + channel, positions.get(channel).value());
    }
    return this;
  }
}
