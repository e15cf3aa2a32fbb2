package io.vhost4j.device;

import io.vhost4j.virtqueue.DescriptorChain;
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

  /**
   * Leaves a chain in the ring, as if it had never been taken: who starts the ring again where it
   * stopped, as after a pause of the guest, finds it there (F8). Only while the ring stops, see
   * {@link QueueHandler#stop(DeviceQueue)}, and the latest chain first: what was taken before a
   * chain that has been completed cannot be left, as the ring has only one index of what is next.
   *
   * @param chain a chain from {@link #next()} of this queue, not yet completed
   * @return false if a chain that was taken later was completed or is still with the device: then
   *     this one has to be completed
   * @throws IllegalStateException if the ring is not about to stop, or the chain is not in flight
   */
  boolean putBack(DescriptorChain chain);
}
