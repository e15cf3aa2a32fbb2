package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import java.io.IOException;

/** A system call that failed, with its error number. */
public final class NativeIoException extends IOException {
  private static final long serialVersionUID = 1;

  private final int errno;

  NativeIoException(String call, LastErrorException cause) {
    super(call + ": " + text(cause), cause);
    this.errno = cause.getErrorCode();
  }

  /** The error number, see {@link Errno}. */
  public int errno() {
    return errno;
  }

  /** The text of libc alone: "[13] Permission denied" in the message of JNA. */
  private static String text(LastErrorException cause) {
    String message = String.valueOf(cause.getMessage());
    String prefix = "[" + cause.getErrorCode() + "] ";
    return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
  }
}
