package io.vhost4j.device.sound.wire;

import io.vhost4j.audio.Direction;
import io.vhost4j.audio.StreamCapabilities;
import io.vhost4j.device.Struct;

/**
 * What a PCM stream can be (VIRTIO 5.14.6.6.2).
 *
 * <pre>
 *  0            4          8         16      24        25     26     27     32
 *  +------------+----------+---------+-------+---------+------+------+------+
 *  | hda_fn_nid | features | formats | rates | direct. | ch   | ch   | 0... |
 *  |            |          | (mask)  | (mask)|         | min  | max  |      |
 *  +------------+----------+---------+-------+---------+------+------+------+
 * </pre>
 */
public final class PcmInfo extends Struct<PcmInfo> {
  public static final int SIZE = 32;

  private static final int HDA_FN_NID = 0;
  private static final int FEATURES = 4;
  private static final int FORMATS = 8;
  private static final int RATES = 16;
  private static final int DIRECTION = 24;
  private static final int CHANNELS_MIN = 25;
  private static final int CHANNELS_MAX = 26;
  private static final int PADDING = 27;

  /** A view of nothing so far. */
  public PcmInfo() {
    super(SIZE);
  }

  public int hdaFnNid() {
    return le32(HDA_FN_NID);
  }

  public PcmInfo hdaFnNid(int nid) {
    le32(HDA_FN_NID, nid);
    return this;
  }

  /** Mask of {@link PcmFeature#mask()}. */
  public int features() {
    return le32(FEATURES);
  }

  public PcmInfo features(int mask) {
    le32(FEATURES, mask);
    return this;
  }

  /** Value of {@code virtio_snd_pcm_info.direction}: 0 output, 1 input. */
  public int direction() {
    return u8(DIRECTION);
  }

  public PcmInfo direction(Direction direction) {
    u8(DIRECTION, direction.value());
    return this;
  }

  public long formats() {
    return le64(FORMATS);
  }

  public long rates() {
    return le64(RATES);
  }

  public int channelsMin() {
    return u8(CHANNELS_MIN);
  }

  public int channelsMax() {
    return u8(CHANNELS_MAX);
  }

  /** Sets formats, rates and channels, and zeroes the padding (A27). */
  public PcmInfo capabilities(StreamCapabilities capabilities) {
    le64(FORMATS, capabilities.formats());
    le64(RATES, capabilities.rates());
    u8(CHANNELS_MIN, capabilities.minChannels());
    u8(CHANNELS_MAX, capabilities.maxChannels());
    zero(PADDING, SIZE - PADDING);
    return this;
  }
}
