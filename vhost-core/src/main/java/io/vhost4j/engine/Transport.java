package io.vhost4j.engine;

/**
 * The way to a driver, as the engine uses it. Implemented by whatever brings memory, rings and
 * kicks, one object for each {@link DeviceSession}. All methods are called on the device's event
 * loop, and must not block. They may stop a queue, reset the device or close the session.
 */
public interface Transport {
  /**
   * Tells the driver of used buffers; it has asked for that. Called once per batch, so it allocates
   * nothing.
   *
   * @param queue index of the queue
   * @return false if the driver cannot be told yet: {@link EngineQueue#canNotify()} is to follow as
   *     soon as it can
   */
  boolean notifyDriver(int queue);

  /**
   * A ring is beyond use until it is started anew: it is malformed, or the device has failed. The
   * log has a line already, and the device status says NEEDS_RESET (B5).
   *
   * @param queue index of the queue
   */
  void queueBroken(int queue);

  /** The configuration space has changed (C40). Not called once the session closes. */
  void configChanged();

  /**
   * Neither device nor engine can go on with this peer: disconnect it, which ends with {@link
   * DeviceSession#close()}. Does nothing if that has begun.
   *
   * @param reason what happened, for the log; the transport writes the line
   */
  void disconnect(String reason);
}
