package io.vhost4j.device;

import io.vertx.core.Future;

/**
 * A virtio device as its author sees it. The engine owns the protocol, memory, rings and
 * notifications; the device owns its feature bits, its configuration space and one {@link
 * QueueHandler} per queue.
 *
 * <p>Every method is called on the device's event loop and must not block.
 */
public interface VirtioDevice {
  /**
   * The virtio device type, for example 25 for sound (VIRTIO section 5). For a transport that makes
   * the device known to the driver by it; with vhost-user that is the frontend's business.
   */
  int deviceType();

  /** A short name for log lines and meters, for example {@code sound}. */
  String name();

  /** Number of virtqueues. */
  int queueCount();

  /** Largest ring size that is accepted, in entries: a power of two up to 32768. */
  default int maxQueueSize() {
    return 1024;
  }

  /**
   * Feature bits of the device type: bits 0 to 23 and 50 to 63 (VIRTIO 2.2; vhost-user carries no
   * bits beyond 63). The engine adds those of rings and transport, and refuses a device that offers
   * any of these or of the reserved ones. Asked once, when the engine is made.
   */
  default long features() {
    return 0;
  }

  /** The configuration space; without one, of no bytes. The same object at each call. */
  default DeviceConfig config() {
    return DeviceConfig.NONE;
  }

  /**
   * Whether the driver of queue {@code index} spins until it has its buffer back, and nothing else
   * runs on its processor meanwhile. Where driver and device share a machine, the device might not
   * run either, so the transport gives such buffers back by itself.
   */
  default boolean driverSpins(int index) {
    return false;
  }

  /** The handler of queue {@code index}, the same one at each call. */
  QueueHandler queue(int index);

  /**
   * A frontend has connected.
   *
   * @param context what the device may ask of the engine until {@link #disconnected()}
   */
  default void connected(DeviceContext context) {}

  /**
   * The driver has acknowledged features (SET_FEATURES).
   *
   * @param features every acknowledged bit, those of rings and transport included
   */
  default void featuresAcknowledged(long features) {}

  /**
   * Back to the initial state: a device reset, or the end of a connection. All queues have been
   * stopped before, and what the driver wrote into {@link #config()} has been taken back.
   *
   * @return completes when nothing of the former state is at work any more
   */
  default Future<Void> reset() {
    return Future.succeededFuture();
  }

  /** The frontend is gone; queues have been stopped and {@link #reset()} has completed. */
  default void disconnected() {}

  /** Releases what the device holds for its whole life; called once, when its server closes. */
  default Future<Void> close() {
    return Future.succeededFuture();
  }
}
