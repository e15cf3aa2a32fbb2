package io.vhost4j.loopback;

import java.io.IOException;

/**
 * A card cannot be had, or not go on. The message is one line: what happened, to what, and what to
 * do.
 */
public final class LoopbackException extends IOException {
  private static final long serialVersionUID = 1;

  private final boolean mayPass;

  LoopbackException(String message, boolean mayPass) {
    super(message);
    this.mayPass = mayPass;
  }

  /** Whether it is worth to try again later: something is missing that may come. */
  public boolean mayPass() {
    return mayPass;
  }
}
