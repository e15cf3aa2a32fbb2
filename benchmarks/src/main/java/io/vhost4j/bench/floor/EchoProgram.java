package io.vhost4j.bench.floor;

import io.vhost4j.event.EventFd;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The floor where there is no C compiler: a JVM of its own that answers each signal of one eventfd
 * with a signal on another, and does nothing else. Its one argument is the socket that the two
 * descriptors come from; it ends with that.
 */
final class EchoProgram {
  private EchoProgram() {}

  public static void main(String[] args) throws IOException {
    OwnedFd socket = UnixSocket.create();
    UnixSocket.connect(socket, Path.of(args[0]));
    ScmSocket messages = new ScmSocket(socket);
    List<OwnedFd> fds = new ArrayList<>();
    while (fds.isEmpty()) {
      Descriptors.awaitReadable(socket.number(), -1);
      int count = messages.receive(ByteBuffer.allocateDirect(1), fds);
      if (count == 0) {
        return;
      }
    }
    EventFd asked = EventFd.adopt(fds.get(0));
    EventFd answer = EventFd.adopt(fds.get(1));
    Thread watcher = new Thread(() -> endWithPeer(socket), "watcher");
    watcher.setDaemon(true);
    watcher.start();
    while (true) {
      if (asked.await(-1) && asked.drain() > 0) {
        answer.signal();
      }
    }
  }

  private static void endWithPeer(OwnedFd socket) {
    try {
      while (!Descriptors.awaitReadable(socket.number(), -1)) {
        // a signal of the JVM
      }
    } catch (IOException e) {
      Runtime.getRuntime().halt(1);
    }
    Runtime.getRuntime().halt(0);
  }
}
