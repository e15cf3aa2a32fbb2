package io.vhost4j.virtqueue;

import org.jspecify.annotations.Nullable;

/**
 * The device side of one virtqueue. Only the device's event loop calls it: it is the single writer
 * of the used ring.
 */
public interface Virtqueue {
  /** Number of entries, as the driver chose it. */
  int size();

  /**
   * Takes the next available chain.
   *
   * @return the chain, or null if the driver has made no further buffer available
   * @throws VirtqueueException if the ring or the chain is malformed; the ring is then beyond use
   */
  @Nullable DescriptorChain next() throws VirtqueueException;

  /**
   * Returns a chain to the driver. The entry is visible to the driver at once, the notification
   * waits for the end of the batch.
   *
   * @param chain a chain from {@link #next()} of this queue, not yet completed
   * @param written bytes written from the first writable byte on; never more than were really
   *     written (V8)
   * @throws IllegalStateException if the chain is not in flight on this queue
   */
  void complete(DescriptorChain chain, int written);

  /** Number of chains taken and not yet completed. */
  int inFlight();
}
