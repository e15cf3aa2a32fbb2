package io.vhost4j.bench.target;

import java.nio.file.Path;

/**
 * A backend that somebody else has started.
 *
 * @param socket where it listens
 */
public record SocketTarget(Path socket) implements Target {
  @Override
  public String name() {
    return String.valueOf(socket.getFileName());
  }

  @Override
  public void close() {}
}
