package io.vhost4j.event;

import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;

/** A Unix socket: the kernel takes a request not to wait with each send. */
record SocketNotifier(OwnedFd fd) implements Notifier {
  @Override
  public void signal() {
    UnixSocket.signal(fd);
  }

  @Override
  public void close() {
    fd.close();
  }
}
