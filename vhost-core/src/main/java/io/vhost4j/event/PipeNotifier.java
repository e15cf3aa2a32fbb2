package io.vhost4j.event;

import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;

/**
 * A pipe: no write to it is sure not to wait, whatever its flags, as a peer can hold its lock with
 * a splice() from a silent socket. So a thread of its own writes.
 */
record PipeNotifier(FileThread thread) implements Notifier {
  PipeNotifier(OwnedFd fd) throws IOException {
    this(FileThread.start(fd));
  }

  @Override
  public void signal() {
    thread.signal();
  }

  @Override
  public void close() {
    thread.close();
  }
}
