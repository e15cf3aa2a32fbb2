package io.vhost4j.device.sound.wire;

import io.vhost4j.device.Struct;

/**
 * What a jack is (VIRTIO 5.14.6.4.1).
 *
 * <pre>
 *  0            4          8         12      16          17      24
 *  +------------+----------+---------+-------+-----------+-------+
 *  | hda_fn_nid | features | defconf | caps  | connected | 0...  |
 *  +------------+----------+---------+-------+-----------+-------+
 * </pre>
 */
public final class JackInfo extends Struct<JackInfo> {
  public static final int SIZE = 24;

  /** The only feature (A23): the jack understands JACK_REMAP. */
  public static final int FEATURE_REMAP = 1;

  private static final int HDA_FN_NID = 0;
  private static final int FEATURES = 4;
  private static final int DEFCONF = 8;
  private static final int CAPS = 12;
  private static final int CONNECTED = 16;
  private static final int PADDING = 17;

  /** A view of nothing so far. */
  public JackInfo() {
    super(SIZE);
  }

  public int hdaFnNid() {
    return le32(HDA_FN_NID);
  }

  public JackInfo hdaFnNid(int nid) {
    le32(HDA_FN_NID, nid);
    return this;
  }

  public int features() {
    return le32(FEATURES);
  }

  public JackInfo features(int features) {
    le32(FEATURES, features);
    return this;
  }

  /** The pin default configuration register of HDA. */
  public int defconf() {
    return le32(DEFCONF);
  }

  public JackInfo defconf(int register) {
    le32(DEFCONF, register);
    return this;
  }

  /** The pin capabilities register of HDA. */
  public int caps() {
    return le32(CAPS);
  }

  public JackInfo caps(int register) {
    le32(CAPS, register);
    return this;
  }

  public boolean connected() {
    return u8(CONNECTED) != 0;
  }

  /** Also zeroes the padding, which comes last. */
  public JackInfo connected(boolean connected) {
    u8(CONNECTED, connected ? 1 : 0);
    zero(PADDING, SIZE - PADDING);
    return this;
  }
}
