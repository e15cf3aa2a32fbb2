package io.vhost4j.device;

import io.vertx.core.Future;
import io.vhost4j.virtqueue.VirtqueueException;

/**
 * What a device does with one of its virtqueues. Every method is called on the device's event loop
 * in the queue's own Vert.x context, and must not block. That context is there from {@link
 * #started} until the ring has stopped: timers that are set in it, for instance, end with it.
 */
public interface QueueHandler {
  /**
   * The ring runs from now on. {@link #available(DeviceQueue)} follows without a kick, as buffers
   * may already be there (C14).
   */
  default void started(DeviceQueue queue) {}

  /**
   * Buffers may be available: take them with {@link DeviceQueue#next()} until it returns null or
   * the device can hold no more. The engine calls again when the driver adds buffers after null was
   * returned, and it notifies the driver of all completions when this method returns.
   *
   * <p>If an exception escapes, the ring is stopped. The buffer taken last counts as let go then,
   * unless it has been returned, and goes back with nothing written when the ring is stopped; what
   * was taken before still is the device's.
   *
   * @throws VirtqueueException from {@code next()}, to be passed on: the engine stops this ring
   */
  void available(DeviceQueue queue) throws VirtqueueException;

  /**
   * The ring is about to stop (it is disabled, GET_VRING_BASE, reset, or the frontend is gone):
   * complete every chain that is still held or {@linkplain DeviceQueue#putBack put it back}, then
   * complete the returned future: the driver may free them then. No further {@code available}
   * comes. Chains put back come again with the next start if the driver goes on, as after a pause
   * of the guest, and never after a reset.
   *
   * <p>The engine waits for the future as long as it takes, and for chains that are not back by
   * then for some seconds more. After that it goes on without them: they are put back or completed
   * with nothing written, their memory turns blank when the guest's is let go of, and to complete
   * them is of no effect.
   */
  default Future<Void> stop(DeviceQueue queue) {
    return Future.succeededFuture();
  }
}
