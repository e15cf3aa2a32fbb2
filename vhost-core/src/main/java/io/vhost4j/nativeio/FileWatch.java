package io.vhost4j.nativeio;

import com.sun.jna.LastErrorException;
import java.nio.file.Path;

/** Tells by a descriptor, which becomes readable, what happens to files. Any thread. */
public final class FileWatch {
  /** Somebody has opened it. */
  public static final int OPENED = 0x20;

  /** Somebody has closed it. */
  public static final int CLOSED = 0x18;

  private static final int IN_NONBLOCK = 0x800;
  private static final int IN_CLOEXEC = 0x80000;

  private FileWatch() {}

  /**
   * Watches one file.
   *
   * @param events {@link #OPENED} and the like, joined by {@code |}
   * @return readable when there is an event, and does not block
   */
  public static OwnedFd of(Path file, int events) throws NativeIoException {
    try {
      OwnedFd watch = new OwnedFd(LibC.inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
      try {
        int unused = LibC.inotify_add_watch(watch.number(), file.toString(), events);
      } catch (LastErrorException e) {
        watch.close();
        throw e;
      }
      return watch;
    } catch (LastErrorException e) {
      throw new NativeIoException("inotify", e);
    }
  }
}
