package io.vhost4j.vhostuser.backend;

import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.nativeio.WideSocket;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A frontend that says whatever it is told to, right or wrong, and blocks until an answer comes.
 * Whose descriptors it sends closes them.
 */
final class RawFrontend implements AutoCloseable {
  private static final int MILLIS = Await.SECONDS * 1000;

  /** A message of the backend. */
  record Reply(MessageHeader header, ByteBuffer payload) {
    long u64() {
      return Payload.readU64(payload);
    }
  }

  private final OwnedFd fd;
  private final ScmSocket socket;

  RawFrontend(OwnedFd connected) {
    fd = connected;
    socket = WideSocket.of(connected);
  }

  RawFrontend(Path path) throws IOException {
    this(connect(path));
  }

  /** Waits its turn while the backlog of the listener is full. */
  private static OwnedFd connect(Path path) throws IOException {
    OwnedFd fd = UnixSocket.create();
    long end = System.nanoTime() + Await.SECONDS * 1_000_000_000L;
    while (true) {
      try {
        UnixSocket.connect(fd, path);
        return fd;
      } catch (NativeIoException e) {
        if (e.errno() != Errno.EAGAIN || System.nanoTime() > end) {
          fd.close();
          throw e;
        }
      }
      LockSupport.parkNanos(100_000);
    }
  }

  /** Sends bytes and descriptors as they are. */
  void sendRaw(ByteBuffer bytes, OwnedFd... fds) throws IOException {
    List<OwnedFd> pending = List.of(fds);
    while (bytes.hasRemaining()) {
      if (socket.send(bytes, pending) == ScmSocket.NOTHING) {
        Thread.onSpinWait();
      } else {
        pending = List.of();
      }
    }
  }

  /** Sends a message with any header. */
  void send(int request, int flags, int size, ByteBuffer payload, OwnedFd... fds)
      throws IOException {
    ByteBuffer bytes = Payload.allocate(MessageHeader.SIZE + payload.remaining());
    new MessageHeader(request, flags, size).write(bytes);
    bytes.put(MessageHeader.SIZE, payload, payload.position(), payload.remaining());
    sendRaw(bytes, fds);
  }

  /** Sends a sound message that does not ask for an acknowledgement. */
  void tell(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) throws IOException {
    send(type.id(), MessageHeader.VERSION, payload.remaining(), payload, fds);
  }

  /** Sends a message that has a reply, and returns that. */
  Reply ask(FrontendMessage type, ByteBuffer payload) throws IOException {
    tell(type, payload);
    Reply reply = receive();
    if (reply.header().request() != type.id()) {
      throw new AssertionError(type + " was answered with " + reply.header());
    }
    return reply;
  }

  long askU64(FrontendMessage type) throws IOException {
    return ask(type, Payload.EMPTY).u64();
  }

  /** Sends a message that asks for an acknowledgement, and returns that: 0 for yes. */
  long acked(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) throws IOException {
    int flags = MessageHeader.VERSION | MessageHeader.FLAG_NEED_REPLY;
    send(type.id(), flags, payload.remaining(), payload, fds);
    Reply reply = receive();
    if (reply.header().request() != type.id() || reply.payload().remaining() != Long.BYTES) {
      throw new AssertionError(type + " was acknowledged with " + reply);
    }
    return reply.u64();
  }

  /** The next message of the backend; fails if it hangs up. */
  Reply receive() throws IOException {
    ByteBuffer header = Payload.allocate(MessageHeader.SIZE);
    fill(header);
    MessageHeader decoded = MessageHeader.read(header);
    ByteBuffer payload = Payload.allocate(decoded.size());
    fill(payload);
    return new Reply(decoded, payload.flip());
  }

  private void fill(ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (receiveSome(target) == 0) {
        throw new IOException("the backend hung up");
      }
    }
  }

  private int receiveSome(ByteBuffer target) throws IOException {
    List<OwnedFd> fds = new ArrayList<>();
    int count = socket.receive(target, fds);
    fds.forEach(OwnedFd::close);
    if (count == ScmSocket.NOTHING && !Descriptors.awaitReadable(fd.number(), MILLIS)) {
      throw new AssertionError("the backend does not answer");
    }
    return count;
  }

  /** Waits until the backend hangs up, and throws away what it says before. */
  boolean isHungUpOn() throws IOException {
    ByteBuffer rest = Payload.allocate(4096);
    try {
      while (receiveSome(rest.clear()) != 0) {
        // not yet
      }
    } catch (NativeIoException e) {
      return true; // ECONNRESET: it left something unread
    }
    return true;
  }

  /** Whether the backend has said something, or hung up, that has not been received. */
  boolean hasNews() throws IOException {
    return Descriptors.awaitReadable(fd.number(), 0);
  }

  OwnedFd fd() {
    return fd;
  }

  @Override
  public void close() {
    fd.close();
  }
}
