package io.vhost4j.device.sound.wire;

import io.vhost4j.device.Struct;

/**
 * Gives a jack another association and sequence (VIRTIO 5.14.6.4.2).
 *
 * <pre>
 *  0        4      8             12         16
 *  +--------+------+-------------+----------+
 *  | code   | id   | association | sequence |
 *  +--------+------+-------------+----------+
 * </pre>
 */
public final class JackRemap extends Struct<JackRemap> {
  public static final int SIZE = 16;

  private static final int CODE = 0;
  private static final int JACK_ID = 4;
  private static final int ASSOCIATION = 8;
  private static final int SEQUENCE = 12;

  /** A view of nothing so far. */
  public JackRemap() {
    super(SIZE);
  }

  /** Id of the jack, unsigned. */
  public int jackId() {
    return le32(JACK_ID);
  }

  /** Sets the code as well. */
  public JackRemap jackId(int id) {
    le32(CODE, RequestCode.JACK_REMAP.code());
    le32(JACK_ID, id);
    return this;
  }

  public int association() {
    return le32(ASSOCIATION);
  }

  public JackRemap association(int association) {
    le32(ASSOCIATION, association);
    return this;
  }

  public int sequence() {
    return le32(SEQUENCE);
  }

  public JackRemap sequence(int sequence) {
    le32(SEQUENCE, sequence);
    return this;
  }
}
