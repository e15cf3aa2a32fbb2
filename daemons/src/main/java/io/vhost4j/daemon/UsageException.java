package io.vhost4j.daemon;

/** The user asked for something that cannot be; the message is one line that says what and why. */
final class UsageException extends Exception {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
