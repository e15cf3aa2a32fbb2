package io.vhost4j.device;

/**
 * An option of a device that there is not, or a value that it does not take: the user's mistake,
 * told before anything is opened. The message is one line for people: what is wrong, and what could
 * be given.
 */
public final class DeviceOptionException extends DeviceException {
  private static final long serialVersionUID = 1;

  public DeviceOptionException(String message) {
    super(message);
  }
}
