package io.vhost4j.audio;

/**
 * The host's audio could not do what was asked. The message is one line for people: what happened,
 * to what, and what to do.
 */
public final class AudioException extends Exception {
  private static final long serialVersionUID = 1;

  public AudioException(String message) {
    super(message);
  }

  public AudioException(String message, Throwable cause) {
    super(message, cause);
  }
}
