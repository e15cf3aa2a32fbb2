package io.vhost4j.nativeio;

/** A socket that sends more descriptors with one message than we receive. */
public final class WideSocket {
  /** The most that the kernel takes. */
  public static final int MAX_FDS = 253;

  private WideSocket() {}

  /** The same socket without our own limit. */
  public static ScmSocket of(OwnedFd socket) {
    return new ScmSocket(socket, MAX_FDS);
  }
}
