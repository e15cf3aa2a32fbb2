package io.vhost4j.vhostuser.channel;

import io.vertx.core.Context;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
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
  private static final int BACKLOG = 16;
  private static final long RETRY_MILLIS = 1000;
  private static final int FILE_TYPE_MASK = 0xf000;
  private static final int FILE_TYPE_SOCKET = 0xc000;

  private final Context context;
  private final OwnedFd fd;
  private final FdRegistration registration;
  private final Consumer<OwnedFd> accepted;
  private final @Nullable Path path;
  private final @Nullable Object fileKey;
  private @Nullable Runnable whoeverWaits;
  private boolean paused;
  private boolean failing;

  private VhostUserListener(
      Context context, OwnedFd fd, @Nullable Path path, Consumer<OwnedFd> accepted)
      throws IOException {
    this.context = context;
    this.fd = fd;
    this.path = path;
    this.accepted = accepted;
    this.fileKey = path == null ? null : fileKey(path);
    this.registration = FdRegistration.open(context, fd, Interest.READ_LEVEL, this::ready);
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
    OwnedFd fd = UnixSocket.create();
    try {
      bind(fd, path);
      give(rights, path);
      UnixSocket.listen(fd, BACKLOG);
      return new VhostUserListener(context, fd, path, accepted);
    } catch (NativeIoException e) {
      fd.close();
      throw new IOException("cannot listen on " + path + ": " + reason(e, path), e);
    } catch (IOException e) {
      fd.close();
      throw new IOException("cannot listen on " + path + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /** What is wrong with the place of a socket; the text of the call if that is not to be seen. */
  private static String reason(NativeIoException failure, Path path) {
    Path directory = path.toAbsolutePath().getParent();
    if (directory == null || Files.isDirectory(path)) {
      return "it is a directory: choose a path inside, such as " + path.resolve("vhost.sock");
    }
    if (Files.notExists(directory)) {
      return "the directory " + directory + " does not exist: create it, or choose another path";
    }
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      return directory + " is not a directory: choose another path";
    }
    if (!Files.isWritable(directory)) {
      return "this user may not create files in "
          + directory
          + ": choose another path, or have its owner permit it";
    }
    return String.valueOf(failure.getMessage());
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
    return new VhostUserListener(context, fd, null, accepted);
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
    if (path != null && fd.isOpen()) {
      try {
        if (Objects.equals(fileKey(path), fileKey)) {
          Files.deleteIfExists(path);
        }
      } catch (IOException e) {
        log.debug("socket {} was not removed: {}", path, e.toString());
      }
    }
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
      connection = UnixSocket.accept(fd);
    } catch (NativeIoException e) {
      if (!failing) { // at the first failure in a row only
        log.error("{}: cannot accept a connection: {}", path == null ? fd : path, e.getMessage());
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

  private static void bind(OwnedFd fd, Path path) throws IOException {
    try {
      UnixSocket.bind(fd, path);
    } catch (NativeIoException e) {
      if (e.errno() != Errno.EADDRINUSE || Files.isDirectory(path)) {
        throw e;
      }
      removeStale(path);
      UnixSocket.bind(fd, path);
    }
  }

  /** Before anybody can connect: a socket that does not listen yet refuses everybody. */
  private static void give(SocketRights rights, Path path) throws IOException {
    try {
      rights.applyTo(path);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /** Removes the socket at {@code path} if nobody listens on it. */
  private static void removeStale(Path path) throws IOException {
    int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & FILE_TYPE_MASK) != FILE_TYPE_SOCKET) {
      throw new IOException("it exists and is not a socket: remove it, or choose another path");
    }
    try (OwnedFd probe = UnixSocket.create()) {
      UnixSocket.connect(probe, path);
    } catch (NativeIoException e) {
      if (e.errno() == Errno.ECONNREFUSED) {
        Files.deleteIfExists(path);
        return;
      }
      if (e.errno() == Errno.ENOENT) {
        return;
      }
    }
    throw new IOException(
        "address in use, another process listens there: end it, or choose another path");
  }

  private static @Nullable Object fileKey(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }
}
