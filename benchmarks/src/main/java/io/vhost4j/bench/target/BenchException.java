package io.vhost4j.bench.target;

/**
 * A measurement cannot go on. The message is one line for the user: what happened, to what, and
 * what to do.
 */
public final class BenchException extends Exception {
  private static final long serialVersionUID = 1;

  public BenchException(String message) {
    super(message);
  }

  public BenchException(String message, Throwable cause) {
    super(message, cause);
  }
}
