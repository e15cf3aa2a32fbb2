package io.vhost4j.device.gpio;

import java.io.IOException;

/** The chip has been taken away, of which the log has told already. */
final class ChipGoneException extends IOException {
  private static final long serialVersionUID = 1;

  ChipGoneException(String message) {
    super(message);
  }
}
