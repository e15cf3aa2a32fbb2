package io.vhost4j.device;

import io.vertx.core.Context;

/** What the engine offers to a device while a frontend is connected. */
public interface DeviceContext {
  /** The context of the device: every method of the device runs on its event loop. */
  Context context();

  /**
   * Tells the driver that the configuration space has changed (C40). Does nothing if the frontend
   * cannot be told. Event loop only.
   */
  void configChanged();

  /**
   * The device cannot go on with this frontend: log one line, stop the rings and disconnect. Any
   * thread.
   *
   * @param reason what happened, for the log
   */
  void fail(String reason);
}
