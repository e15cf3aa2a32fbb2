package io.vhost4j.vhostuser.channel;

import io.vertx.core.Context;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.event.ListeningSocket;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listening Unix socket on an event loop. Owns the socket, and the file of a socket it has bound
 * itself. Event loop only.
 */
public final class VhostUserListener implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(VhostUserListener.class);
  private static final long RETRY_MILLIS = 1000;

  private final Context context;
  private final ListeningSocket socket;
  private final FdRegistration registration;
  private final Consumer<OwnedFd> accepted;
  private @Nullable Runnable whoeverWaits;
  private boolean paused;
  private boolean failing;

  private VhostUserListener(Context context, ListeningSocket socket, Consumer<OwnedFd> accepted)
      throws IOException {
    this.context = context;
    this.socket = socket;
    this.accepted = accepted;
    this.registration = FdRegistration.open(context, socket.fd(), Interest.READ_LEVEL, this::ready);
  }

  /** Listens at {@code path} with the rights that all files of the process get. */
  public static VhostUserListener listen(Context context, Path path, Consumer<OwnedFd> accepted)
      throws IOException {
    return listen(context, path, SocketRights.USUAL, accepted);
  }

  /**
   * Listens at {@code path}. A socket that nobody listens on any more is removed first.
   *
   * @param context the context to call {@code accepted} in; its event loop is the calling thread
   * @param rights who may connect, from the first moment on
   * @param accepted receives each connection and owns it
   * @throws IOException if somebody listens there, if there is another file, or from the calls; the
   *     message names the path and says what to do
   */
  public static VhostUserListener listen(
      Context context, Path path, SocketRights rights, Consumer<OwnedFd> accepted)
      throws IOException {
    return new VhostUserListener(context, ListeningSocket.at(path, rights::applyTo), accepted);
  }

  /**
   * Goes on with a listening socket that was inherited. Its file, if it has one, is not removed at
   * the end.
   *
   * @param fd the socket, which belongs to the listener from now on; it is closed on failure
   * @throws IOException if it is not a listening Unix stream socket
   */
  public static VhostUserListener adopt(Context context, OwnedFd fd, Consumer<OwnedFd> accepted)
      throws IOException {
    if (!UnixSocket.isUnixStream(fd) || !UnixSocket.isListening(fd)) {
      fd.close();
      throw new IOException("not a listening Unix stream socket");
    }
    return new VhostUserListener(context, ListeningSocket.of(fd), accepted);
  }

  /** Accepts nobody until {@link #resume()}; who connects meanwhile waits. */
  public void pause() {
    paused = true;
    updateInterest();
  }

  /** Calls {@code somebodyWaits} once, if there is or comes somebody during a {@link #pause()}. */
  public void tellOfWaiting(Runnable somebodyWaits) {
    whoeverWaits = somebodyWaits;
    updateInterest();
  }

  /** Ends a {@link #pause()}. */
  public void resume() {
    paused = false;
    whoeverWaits = null;
    updateInterest();
  }

  /** Stops listening and removes the socket's file if it is still the one that was bound. */
  @Override
  public void close() {
    socket.removeFile();
    registration.close();
  }

  private void updateInterest() {
    Interest inPause = whoeverWaits == null ? Interest.PAUSED : Interest.READ_EDGE;
    registration.interest(paused ? inPause : Interest.READ_LEVEL);
  }

  private void ready() {
    if (paused) {
      Runnable somebodyWaits = whoeverWaits;
      if (somebodyWaits != null) {
        whoeverWaits = null;
        updateInterest();
        somebodyWaits.run();
      }
      return;
    }
    OwnedFd connection;
    try {
      connection = socket.accept();
    } catch (IOException e) {
      if (!failing) { // at the first failure in a row only
        log.error("{}: cannot accept a connection: {}", socket, e.getMessage());
        failing = true;
      }
      // Too many open files, mostly. What waits keeps the socket readable: do not ask at once.
      registration.interest(Interest.PAUSED);
      context.owner().setTimer(RETRY_MILLIS, timer -> updateInterest());
      return;
    }
    failing = false;
    if (connection != null) {
      accepted.accept(connection);
    }
  }
}
