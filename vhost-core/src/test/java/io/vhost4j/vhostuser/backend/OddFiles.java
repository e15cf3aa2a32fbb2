package io.vhost4j.vhostuser.backend;

import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.vhost4j.event.EventFd;
import io.vhost4j.nativeio.BlockingEventFd;
import io.vhost4j.nativeio.MemoryCalls;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ReadOnlyFile;
import io.vhost4j.nativeio.UnixSocket;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Descriptors of all kinds, most of which a frontend has no business to send. */
final class OddFiles {
  private OddFiles() {}

  /** Makes one descriptor, the caller's. */
  interface Maker {
    OwnedFd make() throws IOException;
  }

  static OwnedFd pipe() throws IOException {
    FileDescriptor[] ends = FileDescriptor.pipe();
    ends[0].close();
    return new OwnedFd(ends[1].intValue());
  }

  static OwnedFd readingPipe() throws IOException {
    FileDescriptor[] ends = FileDescriptor.pipe();
    ends[1].close();
    return new OwnedFd(ends[0].intValue());
  }

  static OwnedFd socket() throws IOException {
    OwnedFd[] pair = UnixSocket.pair();
    pair[1].close();
    return pair[0];
  }

  static OwnedFd unconnectedSocket() throws IOException {
    return UnixSocket.create();
  }

  static OwnedFd listeningSocket() throws IOException {
    OwnedFd socket = UnixSocket.create();
    Path path = Files.createTempDirectory("vhost4j").resolve("listening.sock");
    UnixSocket.bind(socket, path);
    UnixSocket.listen(socket, 1);
    Files.delete(path);
    Files.delete(path.getParent());
    return socket;
  }

  /** A socket of another kind than the Unix domain's. */
  static OwnedFd internetSocket() throws IOException {
    Socket socket = Socket.newSocketStream();
    return new OwnedFd(socket.intValue());
  }

  /** Another open file of the same pipe, for writing. */
  static OwnedFd reopened(OwnedFd pipe) throws IOException {
    return open("/proc/self/fd/" + pipe.number());
  }

  static OwnedFd nothing() throws IOException {
    return open("/dev/null");
  }

  static OwnedFd zeros() throws IOException {
    return open("/dev/zero");
  }

  static OwnedFd ofKernel() throws IOException {
    return openReadOnly("/proc/self/maps");
  }

  static OwnedFd directory() throws IOException {
    return openReadOnly("/");
  }

  static OwnedFd regularFile() throws IOException {
    File file = File.createTempFile("vhost4j", ".bin");
    try {
      return open(file.getPath());
    } finally {
      boolean unused = file.delete();
    }
  }

  static OwnedFd eventFd() {
    return new OwnedFd(EventFd.create().fd().release());
  }

  /** Has an eventfd's name, and can be neither read nor written. */
  static OwnedFd pathOfEventFd() throws IOException {
    try (EventFd event = EventFd.create()) {
      return ReadOnlyFile.openPath("/proc/self/fd/" + event.fd().number());
    }
  }

  static OwnedFd blockingEventFd() {
    return BlockingEventFd.create();
  }

  /** A memory file of some length. */
  static OwnedFd memory(long bytes) throws IOException {
    OwnedFd fd = new OwnedFd(MemoryCalls.createMemoryFile("odd"));
    MemoryCalls.truncate(fd.number(), bytes);
    return fd;
  }

  static OwnedFd open(String path) throws IOException {
    return new OwnedFd(FileDescriptor.from(path).intValue());
  }

  private static OwnedFd openReadOnly(String path) throws IOException {
    return ReadOnlyFile.open(path);
  }
}
