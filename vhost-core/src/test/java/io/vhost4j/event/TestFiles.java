package io.vhost4j.event;

import io.netty.channel.unix.FileDescriptor;
import io.vhost4j.nativeio.OwnedFd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Descriptors for tests, and how many of them are open. */
public final class TestFiles {
  private TestFiles() {}

  /** A file that epoll refuses to watch. */
  public static OwnedFd regularFile() throws IOException {
    Path path = Files.createTempFile("vhost4j", ".bin");
    try {
      return new OwnedFd(FileDescriptor.from(path.toFile()).intValue());
    } finally {
      Files.delete(path);
    }
  }

  /** Waits until so many are open; a peer's sockets are closed by another thread. */
  public static void awaitOpen(long count) throws Exception {
    for (int i = 0; i < 1000 && open() != count; i++) {
      Thread.sleep(10);
    }
    if (open() != count) {
      throw new AssertionError(open() + " sockets and eventfds are open instead of " + count);
    }
  }

  /** Number of sockets and eventfds that are open in this process: what a channel could leak. */
  public static long open() throws IOException {
    try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
      return list.filter(
              fd -> {
                try {
                  String name = Files.readSymbolicLink(fd).toString();
                  return name.startsWith("socket:") || name.equals("anon_inode:[eventfd]");
                } catch (IOException e) {
                  return false; // the descriptor of this very listing
                }
              })
          .count();
    }
  }
}
