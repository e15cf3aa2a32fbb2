package io.vhost4j.daemon;

import io.vhost4j.vhostuser.channel.SocketRights;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a device is served.
 *
 * @param path to listen on, or null if {@code fd} is to be used
 * @param fd inherited socket, listening or connected; -1 if {@code path} is to be used
 * @param rights who may connect to {@code path}
 */
record ListenSocket(@Nullable Path path, int fd, SocketRights rights) {

  static ListenSocket at(Path path, SocketRights rights) {
    return new ListenSocket(path, -1, rights);
  }

  static ListenSocket inherited(int fd) {
    return new ListenSocket(null, fd, SocketRights.USUAL);
  }

  /** The name that a device has from its socket. */
  String stem(String withoutPath) {
    if (path == null) {
      return withoutPath;
    }
    String file = String.valueOf(path.getFileName()).replaceAll("\\p{Cntrl}", "?");
    int dot = file.lastIndexOf('.');
    return dot > 0 ? file.substring(0, dot) : file;
  }

  /** For people. */
  @Override
  public String toString() {
    return path == null ? "fd " + fd : path.toString();
  }
}
