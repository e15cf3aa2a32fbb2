package io.vhost4j.daemon;

/**
 * The daemon cannot do its work on this host. The message is one line: what happened, to what, and
 * what to do.
 */
final class StartException extends Exception {
  private static final long serialVersionUID = 1;

  StartException(String message) {
    super(message);
  }

  /** For causes whose message is such a line already. */
  StartException(Throwable cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }

  StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
