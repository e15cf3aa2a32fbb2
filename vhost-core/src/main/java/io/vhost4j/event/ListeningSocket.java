package io.vhost4j.event;

import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.TcpSocket;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket that listens, with the file that it was bound to. Who connects waits until he is {@link
 * #accept accepted}. Any thread, one at a time.
 */
public final class ListeningSocket implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ListeningSocket.class);
  private static final int BACKLOG = 16;
  private static final int FILE_TYPE_MASK = 0xf000;
  private static final int FILE_TYPE_SOCKET = 0xc000;

  private final OwnedFd fd;
  private final @Nullable Path path;
  private final @Nullable Object fileKey;

  /** What is done to the file of a socket before anybody can connect. */
  @FunctionalInterface
  public interface Rights {
    /** Sets owner and mode. */
    void applyTo(Path path) throws IOException;
  }

  private ListeningSocket(OwnedFd fd, @Nullable Path path) throws IOException {
    this.fd = fd;
    this.path = path;
    this.fileKey = path == null ? null : fileKey(path);
  }

  /** Goes on with a socket that listens already; its file, if it has one, stays in the end. */
  public static ListeningSocket of(OwnedFd fd) throws IOException {
    return new ListeningSocket(fd, null);
  }

  /**
   * Listens at {@code path}. A socket that nobody listens on any more is removed first.
   *
   * @param rights who may connect, from the first moment on
   * @throws IOException if somebody listens there, if there is another file, or from the calls; the
   *     message names the path and says what to do
   */
  public static ListeningSocket at(Path path, Rights rights) throws IOException {
    OwnedFd fd = UnixSocket.create();
    try {
      bind(fd, path);
      give(rights, path);
      UnixSocket.listen(fd, BACKLOG);
      return new ListeningSocket(fd, path);
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

  /**
   * Listens at a TCP port of 127.0.0.1.
   *
   * @param port 1 to 65535, or 0 for any that is free
   * @throws IOException if it cannot be had; the message says what to do
   */
  public static ListeningSocket onLoopback(int port) throws IOException {
    try {
      return new ListeningSocket(TcpSocket.listen(port, BACKLOG), null);
    } catch (NativeIoException e) {
      throw new IOException(
          "cannot listen on port %d of 127.0.0.1: %s"
              .formatted(
                  port,
                  switch (e.errno()) {
                    case Errno.EADDRINUSE ->
                        "address in use, another process listens there: end it, or choose another"
                            + " port";
                    case Errno.EACCES -> "only root may have ports below 1024: choose one above";
                    default -> e.getMessage();
                  }),
          e);
    }
  }

  /** The descriptor, which stays this object's: whoever watches it, closes this too. */
  public OwnedFd fd() {
    return fd;
  }

  /** Whether it is a Unix socket with a file of its own. */
  public boolean isUnix() {
    return path != null;
  }

  /** Accepts a connection, which does not block, or returns null if none waits. */
  public @Nullable OwnedFd accept() throws IOException {
    return UnixSocket.accept(fd);
  }

  /** Stops listening and removes the socket's file if it is still the one that was bound. */
  @Override
  public void close() {
    removeFile();
    fd.close();
  }

  /** Removes the socket's file if it is still the one that was bound. */
  public void removeFile() {
    if (path != null && fd.isOpen()) {
      try {
        if (Objects.equals(fileKey(path), fileKey)) {
          Files.deleteIfExists(path);
        }
      } catch (IOException e) {
        log.debug("socket {} was not removed: {}", path, e.toString());
      }
    }
  }

  @Override
  public String toString() {
    return path == null ? fd.toString() : path.toString();
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
  private static void give(Rights rights, Path path) throws IOException {
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
