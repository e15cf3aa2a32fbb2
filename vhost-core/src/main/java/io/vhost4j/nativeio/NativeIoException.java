package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import java.io.IOException;

/** A system call that failed, with its error number. */
public final class NativeIoException extends IOException {
  private static final long serialVersionUID = 1;

  /** Behind what is said of a descriptor that could not be had. */
  public static final String MORE_FILES = ": allow this process more of them, see 'ulimit -n'";

  private final int errno;

  NativeIoException(String call, LastErrorException cause) {
    super(call + ": " + text(cause), cause);
    this.errno = cause.getErrorCode();
  }

  /** The error number, see {@link Errno}. */
  public int errno() {
    return errno;
  }

  /**
   * The text of libc alone: "[13] Permission denied" in the message of JNA; where it is the
   * process' own limit, what to do.
   */
  private static String text(LastErrorException cause) {
    String message = String.valueOf(cause.getMessage());
    String prefix = "[" + cause.getErrorCode() + "] ";
    String text = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    return cause.getErrorCode() == Errno.EMFILE ? text + MORE_FILES : text;
  }
}
