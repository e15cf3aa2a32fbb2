package io.vhost4j.device.console;

import io.vertx.core.Context;
import io.vhost4j.event.ByteStream;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.FileWatch;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.Terminal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pseudo-terminal, which programs open as they open a serial line. The kernel tells nobody of
 * another window size, so it is looked at whenever something comes, and each second while somebody
 * has the terminal open.
 */
final class PtyEnd implements HostEnd {
  private static final Logger log = LoggerFactory.getLogger(PtyEnd.class);
  private static final long LOOK_MILLIS = 1000;
  private static final int EVENT_BYTES = 4096;

  /** Where the kernel has them. */
  private static final Path TERMINALS = Path.of("/dev/pts");

  private final OwnedFd master;
  private final Path slave;
  private final @Nullable Path link;
  private final OwnedFd openings;
  private final ByteBuffer events = ByteBuffer.allocateDirect(EVENT_BYTES);

  private @Nullable Context context;
  private Runnable changed = () -> {};
  private @Nullable ByteStream stream;
  private @Nullable ByteStream watch;
  private boolean open;

  /** Nobody has it open, and what they had written has been read. */
  private boolean drained;

  private long looking;
  private boolean closed;

  private PtyEnd(OwnedFd master, Path slave, @Nullable Path link, OwnedFd openings) {
    this.master = master;
    this.slave = slave;
    this.link = link;
    this.openings = openings;
  }

  /**
   * A new pseudo-terminal.
   *
   * @param link a symbolic link to be made to it, or null
   * @throws IOException if none is to be had, or there is a file where the link is to be
   */
  static PtyEnd open(@Nullable Path link) throws IOException {
    OwnedFd master = Terminal.openMaster();
    try {
      Path slave = Terminal.slaveOf(master);
      // Raw, or what the guest writes would come back as its input. To close it shows that nobody
      // has it open: before that, the kernel does not say so. It does not become the terminal of
      // this process, to which what the guest writes could be a signal.
      byte[] unused = Terminal.makeRaw(master);
      DeviceFile.open(slave).close();
      if (link != null) {
        makeLink(link, slave);
      }
      return new PtyEnd(
          master, slave, link, FileWatch.of(slave, FileWatch.OPENED | FileWatch.CLOSED));
    } catch (IOException | RuntimeException e) {
      master.close();
      throw e;
    }
  }

  private static void makeLink(Path link, Path slave) throws IOException {
    try {
      if (Files.isSymbolicLink(link)) {
        Path target = Files.readSymbolicLink(link);
        if (!target.startsWith(TERMINALS)) {
          throw new IOException(
              "%s is a link to %s: remove it, or choose another path".formatted(link, target));
        }
        if (Files.exists(target) && !target.equals(slave)) {
          throw new IOException(
              ("%s is a link to %s, which is in use: choose another path, or remove the link if"
                      + " the daemon that made it was killed: the terminal is another program's then")
                  .formatted(link, target));
        }
        Files.delete(link); // of a process that was killed
      } else if (Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(
            link + " exists and is no symbolic link: remove it, or choose another path");
      }
      Path unused = Files.createSymbolicLink(link, slave);
    } catch (FileSystemException e) {
      throw new IOException(
          "cannot make the link %s: see that its directory is there and may be written"
              .formatted(link),
          e);
    }
  }

  /** The terminal that programs open. */
  Path path() {
    return slave;
  }

  @Override
  public void attach(Context loop, Runnable whenChanged) throws IOException {
    context = loop;
    changed = whenChanged;
    stream = ByteStream.open(loop, master, this::look);
    watch = ByteStream.open(loop, openings, this::opened);
    look();
  }

  /** Somebody has opened or closed the terminal. */
  private void opened() {
    ByteStream present = watch;
    while (present != null && present.read(events.clear()) > 0) {
      // what it says is seen at the terminal itself
    }
    drained = false;
    if (stream != null) {
      stream.again(); // it may be written now, of which the kernel says nothing
    }
  }

  private void look() {
    open = isOpenNow();
    Context loop = context;
    if (loop != null && open && looking == 0) {
      looking = loop.owner().setTimer(LOOK_MILLIS, timer -> lookAgain());
    }
    changed.run();
  }

  private void lookAgain() {
    looking = 0;
    if (!closed) {
      look();
    }
  }

  private boolean isOpenNow() {
    try {
      return !closed && !Descriptors.isHungUp(master.number());
    } catch (NativeIoException e) {
      return false;
    }
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public int read(ByteBuffer target) {
    ByteStream present = stream;
    if (present == null || drained) {
      return 0;
    }
    int count = present.read(target);
    if (count == ByteStream.GONE) { // the last who had it open has closed it
      drained = true;
      present.again();
      return 0;
    }
    return count;
  }

  @Override
  public void write(ByteBuffer source) {
    ByteStream present = stream;
    if (present != null && present.write(source) == ByteStream.GONE) {
      open = false;
      present.again();
    }
  }

  @Override
  public Terminal.@Nullable Size size() {
    return closed ? null : Terminal.size(master);
  }

  @Override
  public void close(ByteBuffer rest) {
    closed = true;
    open = false;
    if (context != null && looking != 0) {
      boolean unused = context.owner().cancelTimer(looking);
    }
    removeLink();
    close(stream, master);
    close(watch, openings);
  }

  private static void close(@Nullable ByteStream attached, OwnedFd fd) {
    if (attached == null) {
      fd.close();
    } else {
      attached.close();
    }
  }

  private void removeLink() {
    try {
      if (link != null
          && Files.isSymbolicLink(link)
          && Files.readSymbolicLink(link).equals(slave)) {
        Files.delete(link);
      }
    } catch (IOException e) {
      log.debug("link {} was not removed: {}", link, e.toString());
    }
  }
}
