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
   * Where the device logs whatever its guest or a frontend can cause, and that is most of what it
   * has to say: a line is written a few times only while it comes again and again. Lines begin with
   * the device's name. It outlives the frontend. Any thread.
   */
  DeviceLog log();

  /**
   * The device cannot go on with this frontend: log one line, stop the rings and disconnect. Any
   * thread.
   *
   * @param reason what happened, for the log
   */
  void fail(String reason);
}
