package io.vhost4j.audio;

/**
 * An option of a backend that there is not, or a value that it does not take: the user's mistake,
 * told before anything is opened. The message is one line for people: what is wrong, and what could
 * be given.
 */
public final class AudioOptionException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public AudioOptionException(String message) {
    super(message);
  }
}
