package io.vhost4j.audio;

/** Direction of a PCM stream, seen from the guest. */
@SuppressWarnings("EnumOrdinal") // the standard numbers them in this order
public enum Direction {
  /** The guest plays. */
  OUTPUT,
  /** The guest records. */
  INPUT;

  /** The value on the wire. */
  public int value() {
    return ordinal();
  }
}
