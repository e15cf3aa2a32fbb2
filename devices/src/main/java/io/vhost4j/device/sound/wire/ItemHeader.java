package io.vhost4j.device.sound.wire;

import io.vhost4j.device.Struct;

/**
 * The head of every request on one jack or stream: {@code virtio_snd_jack_hdr} and {@code
 * virtio_snd_pcm_hdr}. PREPARE, RELEASE, START and STOP are nothing else.
 *
 * <pre>
 *  0        4      8
 *  +--------+------+
 *  | code   | id   |
 *  +--------+------+
 * </pre>
 */
public final class ItemHeader extends Struct<ItemHeader> {
  public static final int SIZE = 8;

  private static final int CODE = 0;
  private static final int ID = 4;

  /** A view of nothing so far. */
  public ItemHeader() {
    super(SIZE);
  }

  public int code() {
    return le32(CODE);
  }

  public ItemHeader code(RequestCode code) {
    le32(CODE, code.code());
    return this;
  }

  /** Id of the jack or stream, unsigned. */
  public int id() {
    return le32(ID);
  }

  public ItemHeader id(int id) {
    le32(ID, id);
    return this;
  }
}
