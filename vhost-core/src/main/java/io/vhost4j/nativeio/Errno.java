package io.vhost4j.nativeio;

/** Error numbers of Linux that we tell apart; the same on every architecture we support. */
public final class Errno {
  /** Not permitted. */
  public static final int EPERM = 1;

  /** No such file. */
  public static final int ENOENT = 2;

  /** A signal came in between: try again. */
  public static final int EINTR = 4;

  /** No such device or address. */
  public static final int ENXIO = 6;

  /** More than is allowed. */
  public static final int E2BIG = 7;

  /** Nothing there now. */
  public static final int EAGAIN = 11;

  /** Not enough memory. */
  public static final int ENOMEM = 12;

  /** No right to do that. */
  public static final int EACCES = 13;

  /** Somebody else has it. */
  public static final int EBUSY = 16;

  /** It is there already. */
  public static final int EEXIST = 17;

  /** No such device. */
  public static final int ENODEV = 19;

  /** The call makes no sense to the file. */
  public static final int EINVAL = 22;

  /** The process may have no more open files. */
  public static final int EMFILE = 24;

  /** The file knows no such request. */
  public static final int ENOTTY = 25;

  /** The peer has closed. */
  public static final int EPIPE = 32;

  /** The two sides speak different versions. */
  public static final int EPROTO = 71;

  /** More than fits into one message. */
  public static final int EMSGSIZE = 90;

  /** The family of addresses has no such protocol. */
  public static final int EPROTONOSUPPORT = 93;

  /** Not supported. */
  public static final int EOPNOTSUPP = 95;

  /** There is no such family of addresses. */
  public static final int EAFNOSUPPORT = 97;

  /** The address is taken. */
  public static final int EADDRINUSE = 98;

  /** The network interface is down. */
  public static final int ENETDOWN = 100;

  /** The peer has closed with data unread. */
  public static final int ECONNRESET = 104;

  /** What is to be sent has no room now. */
  public static final int ENOBUFS = 105;

  /** It has been shut down. */
  public static final int ESHUTDOWN = 108;

  /** Nobody listens. */
  public static final int ECONNREFUSED = 111;

  /** Somebody has set the clock. */
  public static final int ECANCELED = 125;

  private Errno() {}
}
