package io.vhost4j.device;

/**
 * A device cannot be had on this host. The message is one line for people: what happened, to what,
 * and what to do.
 */
public class DeviceException extends Exception {
  private static final long serialVersionUID = 1;

  public DeviceException(String message) {
    super(message);
  }

  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }

  /** For causes whose message is such a line already. */
  public DeviceException(Throwable cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }
}
