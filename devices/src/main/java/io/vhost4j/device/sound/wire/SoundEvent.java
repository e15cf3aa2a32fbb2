package io.vhost4j.device.sound.wire;

/**
 * An event on the event queue (VIRTIO 5.14.6). Both fields are le32.
 *
 * <pre>
 *  0        4                          8
 *  +--------+--------------------------+
 *  | code   | data: id of jack, stream |
 *  +--------+--------------------------+
 * </pre>
 */
public final class SoundEvent {
  public static final int SIZE = 8;

  private SoundEvent() {}
}
