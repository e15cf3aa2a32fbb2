package io.vhost4j.device.sound.wire;

/** What an event on the event queue tells (VIRTIO 5.14.6.5, 5.14.6.7). */
public enum EventCode {
  JACK_CONNECTED(0x1000),
  JACK_DISCONNECTED(0x1001),
  PCM_PERIOD_ELAPSED(0x1100),
  PCM_XRUN(0x1101);

  private final int code;

  EventCode(int code) {
    this.code = code;
  }

  /** The value on the wire. */
  public int code() {
    return code;
  }
}
