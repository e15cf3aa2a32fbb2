package io.vhost4j.memory;

/** A region that cannot become part of guest memory; the table it was meant for is unchanged. */
public final class GuestMemoryException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * @param message one line: what was found in which region
   */
  public GuestMemoryException(String message) {
    super(message);
  }
}
