package io.vhost4j.device.gpio;

import io.vhost4j.device.Struct;

/**
 * A request (VIRTIO 5.18.6).
 *
 * <pre>
 * 0      2      4          8
 * ├──────┼──────┼──────────┤
 * │ type │ gpio │  value   │
 * └──────┴──────┴──────────┘
 * </pre>
 */
final class GpioRequest extends Struct<GpioRequest> {
  static final int SIZE = 8;

  static final int GET_LINE_NAMES = 1;
  static final int GET_DIRECTION = 2;
  static final int SET_DIRECTION = 3;
  static final int GET_VALUE = 4;
  static final int SET_VALUE = 5;
  static final int SET_IRQ_TYPE = 6;

  static final int DIRECTION_NONE = 0;
  static final int DIRECTION_OUT = 1;
  static final int DIRECTION_IN = 2;

  GpioRequest() {
    super(SIZE);
  }

  int type() {
    return le16(0);
  }

  int line() {
    return le16(2);
  }

  /** As sent; more than 2^31 is negative. */
  int value() {
    return le32(4);
  }
}
