package io.vhost4j.vhostuser.backend;

/** A message that is well formed but cannot be obeyed; nothing has changed. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * @param message the reason, one line
   */
  RefusedException(String message) {
    super(message);
  }
}
