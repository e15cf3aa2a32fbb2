package io.vhost4j.device.rtc;

import org.jspecify.annotations.Nullable;

/** The requests, with what they look like. */
enum RtcMessage {
  READ(1, 16, 16, 0xffff),
  READ_CROSS(2, 16, 24, 0xff_ffff),
  CFG(0x1000, 8, 16, 0xffff),
  CLOCK_CAP(0x1001, 16, 16, 0xffff),
  CROSS_CAP(0x1002, 16, 16, 0xff_ffff),
  READ_ALARM(0x1003, 16, 24, 0xffff),
  SET_ALARM(0x1004, 24, 8, 0x1_ffff),
  SET_ALARM_ENABLED(0x1005, 16, 8, 0x1_ffff);

  /** Length of the head of requests and responses in bytes. */
  static final int HEAD = 8;

  /** Length of the longest request in bytes. */
  static final int LONGEST_REQUEST = 24;

  private final int code;
  private final int requestBytes;
  private final int responseBytes;
  private final int allowed;

  /**
   * @param allowed the bits of the request's last le64 that need not be 0
   */
  RtcMessage(int code, int requestBytes, int responseBytes, int allowed) {
    this.code = code;
    this.requestBytes = requestBytes;
    this.responseBytes = responseBytes;
    this.allowed = allowed;
  }

  /** The message with a code, or null if there is none. */
  static @Nullable RtcMessage of(int code) {
    for (RtcMessage message : VALUES) {
      if (message.code == code) {
        return message;
      }
    }
    return null;
  }

  private static final RtcMessage[] VALUES = values();

  int requestBytes() {
    return requestBytes;
  }

  int responseBytes() {
    return responseBytes;
  }

  /** Whether reserved bytes and bits of the last le64 are 0. */
  boolean allows(long last) {
    return (last & ~Integer.toUnsignedLong(allowed)) == 0;
  }
}
