package io.vhost4j.event;

import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;

/**
 * What wakes a peer: the call or error descriptor of a ring. Owns its descriptor. {@link #signal()}
 * may be called by any thread, though not while another closes, and never blocks, whatever the peer
 * does to the open file that both share.
 */
public sealed interface Notifier extends AutoCloseable
    permits EventFd, SocketNotifier, PipeNotifier {
  /**
   * Takes over a descriptor that came from a peer: an eventfd, as nearly all use, one end of a pair
   * of Unix sockets, as user-mode Linux does, or of a pipe. Sockets and pipes get 8 bytes per
   * signal.
   *
   * @param fd the descriptor, which belongs to the result; it is closed if it is refused
   * @throws IOException if it is another file, or not open for writing, or if there is no thread to
   *     be had where one is needed
   */
  static Notifier adopt(OwnedFd fd) throws IOException {
    try {
      int number = fd.number();
      if (Descriptors.isEventFd(number)) {
        return EventFd.adopt(fd);
      }
      boolean isSocket = UnixSocket.isUnix(fd);
      if (!isSocket && !Descriptors.isPipe(number)) {
        throw new IOException(
            "not an eventfd, pipe or Unix socket but " + Descriptors.describe(number));
      }
      if (!Descriptors.isWritable(number)) {
        throw new IOException("not open for writing: " + Descriptors.describe(number));
      }
      return isSocket ? new SocketNotifier(fd) : new PipeNotifier(fd);
    } catch (IOException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * Wakes the peer. One that has not taken earlier signals, or is gone, is not told again.
   *
   * @throws IllegalStateException if the kernel is short of memory
   */
  void signal();

  @Override
  void close();
}
