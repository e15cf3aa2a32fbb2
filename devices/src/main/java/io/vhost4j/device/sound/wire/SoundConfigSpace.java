package io.vhost4j.device.sound.wire;

import io.vhost4j.device.Struct;

/**
 * The configuration space (VIRTIO 5.14.4; A3).
 *
 * <pre>
 *  0       4         8        12         16
 *  +-------+---------+--------+----------+
 *  | jacks | streams | chmaps | controls |
 *  +-------+---------+--------+----------+
 * </pre>
 */
public final class SoundConfigSpace extends Struct<SoundConfigSpace> {
  public static final int SIZE = 16;

  private static final int JACKS = 0;
  private static final int STREAMS = 4;
  private static final int CHMAPS = 8;
  private static final int CONTROLS = 12;

  /** A view of nothing so far. */
  public SoundConfigSpace() {
    super(SIZE);
  }

  public int jacks() {
    return le32(JACKS);
  }

  public SoundConfigSpace jacks(int count) {
    le32(JACKS, count);
    return this;
  }

  public int streams() {
    return le32(STREAMS);
  }

  public SoundConfigSpace streams(int count) {
    le32(STREAMS, count);
    return this;
  }

  public int chmaps() {
    return le32(CHMAPS);
  }

  public SoundConfigSpace chmaps(int count) {
    le32(CHMAPS, count);
    return this;
  }

  /** Meaningful only with VIRTIO_SND_F_CTLS. */
  public int controls() {
    return le32(CONTROLS);
  }

  public SoundConfigSpace controls(int count) {
    le32(CONTROLS, count);
    return this;
  }
}
