package io.vhost4j.device;

import io.vhost4j.virtqueue.Virtqueue;

/** A running virtqueue with its notifications. Only the device's event loop calls it. */
public interface DeviceQueue extends Virtqueue {
  /** Index of the queue within its device. */
  int index();

  /**
   * Tells the driver of the chains completed since the last time, if it wants to be told. Needed
   * only after completions outside of {@link QueueHandler#available(DeviceQueue)}, once per batch.
   */
  void flush();
}
