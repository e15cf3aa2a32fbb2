package io.vhost4j.device.sound.wire;

import org.jspecify.annotations.Nullable;

/** How a request or an I/O message ended (VIRTIO 5.14.6; A12, A45). */
public enum Status {
  OK(0x8000),
  /** Malformed, a parameter out of range, or not allowed in the present state. */
  BAD_MSG(0x8001),
  /** Well-formed, but this device does not do it. */
  NOT_SUPP(0x8002),
  /** The host's audio failed. */
  IO_ERR(0x8003);

  /** Length of a reply that is nothing but a status, in bytes. */
  public static final int SIZE = 4;

  private static final Status[] VALUES = values();

  private final int code;

  Status(int code) {
    this.code = code;
  }

  /** The value on the wire. */
  public int code() {
    return code;
  }

  /** The status of a wire value, or null if there is none. */
  public static @Nullable Status of(int code) {
    int index = code - OK.code;
    return index >= 0 && index < VALUES.length ? VALUES[index] : null;
  }
}
