package io.vhost4j.testkit;

import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A vhost-user frontend that says whatever it is told to, right or wrong, and waits for answers.
 * Descriptors that it sends stay the caller's. One thread.
 */
public final class RawFrontend implements AutoCloseable {
  private static final int MILLIS = Guest.SECONDS * 1000;

  /** A message of the backend. */
  public record Reply(MessageHeader header, ByteBuffer payload) {
    /** The one number of the payload. */
    public long u64() {
      return Payload.readU64(payload);
    }
  }

  private final OwnedFd fd;
  private final ScmSocket socket;
  private boolean hungUp;

  /** Connects to the backend that listens at {@code path}; waits while too many others do. */
  public RawFrontend(Path path) throws IOException {
    fd = connect(path);
    socket = new ScmSocket(fd);
  }

  private static OwnedFd connect(Path path) throws IOException {
    OwnedFd fd = UnixSocket.create();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guest.SECONDS);
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
  public void sendRaw(ByteBuffer bytes, OwnedFd... fds) throws IOException {
    List<OwnedFd> pending = List.of(fds);
    while (bytes.hasRemaining()) {
      if (socket.send(bytes, pending) == ScmSocket.NOTHING) {
        LockSupport.parkNanos(10_000);
      } else {
        pending = List.of();
      }
    }
  }

  /** Sends a message with any header. */
  public void send(int request, int flags, int size, ByteBuffer payload, OwnedFd... fds)
      throws IOException {
    ByteBuffer bytes = Payload.allocate(MessageHeader.SIZE + payload.remaining());
    new MessageHeader(request, flags, size).write(bytes);
    bytes.put(MessageHeader.SIZE, payload, payload.position(), payload.remaining());
    sendRaw(bytes, fds);
  }

  /** Sends a message that asks for no acknowledgement. */
  public void tell(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) throws IOException {
    send(type.id(), MessageHeader.VERSION, payload.remaining(), payload, fds);
  }

  /** Sends a message that has a reply, and returns that. */
  public Reply ask(FrontendMessage type, ByteBuffer payload) throws IOException {
    tell(type, payload);
    Reply reply = receive();
    if (reply.header().request() != type.id()) {
      throw new AssertionError(type + " was answered with " + reply.header());
    }
    return reply;
  }

  /** Asks for a number. */
  public long askU64(FrontendMessage type) throws IOException {
    return ask(type, Payload.EMPTY).u64();
  }

  /** Sends a message that asks for an acknowledgement, and returns that: 0 for yes. */
  public long acked(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) throws IOException {
    int flags = MessageHeader.VERSION | MessageHeader.FLAG_NEED_REPLY;
    send(type.id(), flags, payload.remaining(), payload, fds);
    Reply reply = receive();
    if (reply.header().request() != type.id() || reply.payload().remaining() != Long.BYTES) {
      throw new AssertionError(type + " was acknowledged with " + reply);
    }
    return reply.u64();
  }

  /**
   * The next message of the backend.
   *
   * @throws IOException if it hangs up
   */
  public Reply receive() throws IOException {
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
    hungUp |= count == 0;
    return count;
  }

  /** Waits until the backend hangs up, and throws away what it says before. */
  public void awaitHangUp() throws IOException {
    ByteBuffer rest = Payload.allocate(4096);
    try {
      while (receiveSome(rest.clear()) != 0) {
        // not yet
      }
    } catch (NativeIoException e) {
      hungUp = true; // ECONNRESET: it left something unread
    }
  }

  /** Whether the backend has hung up. To be asked while no reply is under way. */
  public boolean isHungUp() {
    try {
      while (!hungUp && Descriptors.awaitReadable(fd.number(), 0)) {
        int unused = receiveSome(Payload.allocate(4096));
      }
    } catch (IOException e) {
      hungUp = true;
    }
    return hungUp;
  }

  /** Vanishes. */
  @Override
  public void close() {
    fd.close();
  }
}
