package io.vhost4j.device;

/** Bits of the device status byte (B5, C35). */
public final class DeviceStatus {
  /** The driver has noticed the device. */
  public static final int ACKNOWLEDGE = 1;

  /** The driver knows how to drive the device. */
  public static final int DRIVER = 2;

  /** The driver is ready: the device may use its queues. */
  public static final int DRIVER_OK = 4;

  /** The features are settled. */
  public static final int FEATURES_OK = 8;

  /** The device has failed and waits for a reset. */
  public static final int NEEDS_RESET = 64;

  /** The driver has given up. */
  public static final int FAILED = 128;

  private DeviceStatus() {}
}
