package io.vhost4j.nativeio;

/** Error numbers of Linux that we tell apart; the same on every architecture we support. */
public final class Errno {
  /** Not permitted. */
  public static final int EPERM = 1;

  /** No such device or address. */
  public static final int ENXIO = 6;

  /** Not enough memory. */
  public static final int ENOMEM = 12;

  /** No right to do that. */
  public static final int EACCES = 13;

  /** Somebody else has it. */
  public static final int EBUSY = 16;

  /** No such device. */
  public static final int ENODEV = 19;

  /** The file knows no such request. */
  public static final int ENOTTY = 25;

  /** The two sides speak different versions. */
  public static final int EPROTO = 71;

  /** More than is allowed. */
  public static final int E2BIG = 7;

  /** A signal came in between: try again. */
  public static final int EINTR = 4;

  /** Nothing there now. */
  public static final int EAGAIN = 11;

  /** No such file. */
  public static final int ENOENT = 2;

  /** The peer has closed. */
  public static final int EPIPE = 32;

  /** Not supported. */
  public static final int EOPNOTSUPP = 95;

  /** The address is taken. */
  public static final int EADDRINUSE = 98;

  /** The peer has closed with data unread. */
  public static final int ECONNRESET = 104;

  /** Nobody listens. */
  public static final int ECONNREFUSED = 111;

  private Errno() {}
}
