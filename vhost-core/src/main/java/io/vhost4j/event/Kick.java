package io.vhost4j.event;

import io.vertx.core.Context;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What a peer wakes us with: the kick descriptor of a ring. Owns its descriptor. Event loop only.
 */
public final class Kick implements AutoCloseable {
  private final OwnedFd fd;
  private @Nullable FdRegistration registration;
  private @Nullable FileThread reader;

  private Kick(OwnedFd fd) {
    this.fd = fd;
  }

  /**
   * Takes over a descriptor that came from a peer: an eventfd, a Unix socket or a pipe. Other files
   * are refused, as even to ask whether they are readable could block.
   *
   * @param fd the descriptor, which belongs to the result; it is closed if it is refused
   * @throws IOException if it is another file, or not open for reading
   */
  public static Kick adopt(OwnedFd fd) throws IOException {
    try {
      int number = fd.number();
      if (!Descriptors.isEventFd(number) && !Descriptors.isPipe(number) && !UnixSocket.isUnix(fd)) {
        throw new IOException(
            "not an eventfd, pipe or Unix socket but " + Descriptors.describe(number));
      }
      if (!Descriptors.isReadable(number)) {
        throw new IOException("not open for reading: " + Descriptors.describe(number));
      }
      return new Kick(fd);
    } catch (IOException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * Calls {@code handler} for each kick from now on, and once at the start if one is pending. The
   * counter of an eventfd is not read, as that could block. Pipes and sockets are read, by a thread
   * of their own, or a full one would hold up the peer; when it has read the handler is called once
   * more, as a kick that is gone before the loop has seen it wakes nobody. That last call may come
   * after {@link #close()}.
   *
   * @param context the context of the calls; its event loop is the calling thread
   * @throws IOException if the descriptor cannot be watched; this object is closed then
   */
  public void watch(Context context, FdRegistration.Handler handler) throws IOException {
    try {
      FdRegistration.Handler ready = handler;
      if (!Descriptors.isEventFd(fd.number())) {
        FileThread thread =
            FileThread.startForCopy(fd, () -> context.runOnContext(v -> handler.ready()));
        reader = thread;
        ready =
            () -> {
              thread.drain();
              handler.ready();
            };
      }
      registration = FdRegistration.open(context, fd, FdRegistration.Interest.READ_EDGE, ready);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  @Override
  public void close() {
    if (reader != null) {
      reader.close();
    }
    if (registration != null) {
      registration.close();
    } else {
      fd.close();
    }
  }
}
