package io.vhost4j.device;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * A device cannot be had on this host. The message is one line for people: what happened, to what,
 * and what to do.
 */
public class DeviceException extends Exception {
  private static final long serialVersionUID = 1;

  public DeviceException(String message) {
    super(message);
  }

  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }

  /** For causes whose message is such a line already. */
  public DeviceException(Throwable cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }

  /** Why an operation on a file failed, in few words: Java says no more than the path of some. */
  public static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or directory";
    } else if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    String reason = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
    return reason == null ? e.getClass().getSimpleName() : reason;
  }
}
