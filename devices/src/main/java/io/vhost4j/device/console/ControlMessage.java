package io.vhost4j.device.console;

import io.vhost4j.device.Struct;

/**
 * What driver and device tell each other of ports (VIRTIO 5.3.6.2).
 *
 * <pre>
 * +----+-------+-------+- - - - - - - - - - - - - - - - - - -
 * | id | event | value | RESIZE: 2 sizes; PORT_NAME: the name
 * +----+-------+-------+- - - - - - - - - - - - - - - - - - -
 * 0    4       6       8
 * </pre>
 */
final class ControlMessage extends Struct<ControlMessage> {
  static final int SIZE = 8;

  /* Of the driver. */
  static final int DEVICE_READY = 0;
  static final int PORT_READY = 3;

  /* Of the device. */
  static final int DEVICE_ADD = 1;
  static final int CONSOLE_PORT = 4;
  static final int RESIZE = 5;
  static final int PORT_NAME = 7;

  /** Of both. */
  static final int PORT_OPEN = 6;

  ControlMessage() {
    super(SIZE);
  }

  /** The port, unsigned. */
  long id() {
    return Integer.toUnsignedLong(le32(0));
  }

  int event() {
    return u8(4) | u8(5) << 8;
  }

  int value() {
    return u8(6) | u8(7) << 8;
  }

  ControlMessage set(int id, int event, int value) {
    le32(0, id);
    u8(4, event);
    u8(5, event >> 8);
    u8(6, value);
    u8(7, value >> 8);
    return this;
  }
}
