package io.vhost4j.nativeio;

/** Error numbers of Linux that we tell apart; the same on every architecture we support. */
public final class Errno {
  /** A signal came in between: try again. */
  public static final int EINTR = 4;

  /** Nothing there now. */
  public static final int EAGAIN = 11;

  /** No such file. */
  public static final int ENOENT = 2;

  /** The peer has closed. */
  public static final int EPIPE = 32;

  /** The address is taken. */
  public static final int EADDRINUSE = 98;

  /** The peer has closed with data unread. */
  public static final int ECONNRESET = 104;

  /** Nobody listens. */
  public static final int ECONNREFUSED = 111;

  private Errno() {}
}
