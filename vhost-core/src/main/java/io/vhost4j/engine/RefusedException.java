package io.vhost4j.engine;

/** What a peer wants cannot be; nothing has changed. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * @param message the reason, one line
   */
  public RefusedException(String message) {
    super(message);
  }
}
