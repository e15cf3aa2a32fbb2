package io.vhost4j.device.sound;

import io.vhost4j.device.sound.wire.Status;

/**
 * What a device has counted outside its streams. Plain fields: the event loop writes, meters read
 * now and then.
 */
final class DeviceCounters {
  private final long[] controlReplies = new long[Status.values().length];

  /** Buffers of tx and rx that belonged to no stream that takes any. */
  private long strayBuffers;

  /**
   * A request was replied to.
   *
   * @param code that of a {@link Status}
   */
  void controlReplied(int code) {
    controlReplies[code - Status.OK.code()]++;
  }

  void strayBuffer() {
    strayBuffers++;
  }

  long controlReplies(Status status) {
    return controlReplies[status.code() - Status.OK.code()];
  }

  long strayBuffers() {
    return strayBuffers;
  }
}
