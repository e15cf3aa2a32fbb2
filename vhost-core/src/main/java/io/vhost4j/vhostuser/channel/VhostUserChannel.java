package io.vhost4j.vhostuser.channel;

import io.vertx.core.Context;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connected socket that carries vhost-user messages in both directions, on an event loop. Owns
 * the socket. Event loop only.
 *
 * <p>Reads one message at a time, the header and then exactly the bytes it announces: the kernel
 * would glue the message that follows to the current one, and nobody could tell whose descriptors
 * are whose. Descriptors are taken with the first byte of a message only, so that a message that
 * never ends holds no more of them than one message may have.
 */
public final class VhostUserChannel {
  /** What the owner of a channel is told, on the event loop in the channel's context. */
  public interface Handler {
    /**
     * How many descriptors may come along with a message. More close the channel as soon as the
     * number of the message is known, as do descriptors behind the first byte of a message (C1,
     * E8).
     *
     * @param request the number of the message, which need not exist
     */
    int maxFds(int request);

    /**
     * A message has arrived whose framing is sound ({@link MessageHeader#framingError()}); nothing
     * else of it has been checked. An exception from here goes to {@link #failed} and closes the
     * channel.
     *
     * @param payload the payload from position to limit, in native byte order; valid only during
     *     the call
     * @param fds its descriptors; those that are not taken during the call are closed after it
     */
    void message(
        VhostUserChannel channel, MessageHeader header, ByteBuffer payload, ReceivedFds fds);

    /** A call of {@link #message} has thrown something, which is a bug: logs it. */
    default void failed(VhostUserChannel channel, MessageHeader header, Throwable thrown) {
      log.error("message {} failed in the handler", header.request(), thrown);
    }

    /**
     * The channel is closed; called exactly once, last, and never from within another call.
     *
     * @param reason what happened, in a few words for the log
     */
    void closed(VhostUserChannel channel, String reason);
  }

  /** Messages that may wait for a peer that does not read, before the channel gives up. */
  static final int MAX_QUEUED = 1024;

  /** The reason given when the other side has closed between two messages. */
  public static final String PEER_CLOSED = "closed by peer";

  private static final Logger log = LoggerFactory.getLogger(VhostUserChannel.class);

  private final Context context;
  private final Handler handler;
  private final ScmSocket socket;
  private final FdRegistration registration;

  private final ByteBuffer headerBuffer = Payload.allocate(MessageHeader.SIZE);
  private final ByteBuffer payloadBuffer = Payload.allocate(MessageHeader.MAX_PAYLOAD);
  private List<OwnedFd> fds = new ArrayList<>();
  private @Nullable MessageHeader header;

  private final ArrayDeque<Outgoing> outgoing = new ArrayDeque<>();
  private boolean paused;
  private boolean open = true;

  /** A message, or what is left of it, that waits for room in the socket. */
  private record Outgoing(ByteBuffer bytes, List<OwnedFd> fds) {}

  private VhostUserChannel(Context context, OwnedFd fd, Handler handler) throws IOException {
    this.context = context;
    this.handler = handler;
    this.socket = new ScmSocket(fd);
    this.registration = FdRegistration.open(context, fd, Interest.READ_LEVEL, this::ready);
  }

  /**
   * Puts a connected socket on the event loop of {@code context}, which is the calling thread.
   *
   * @param fd the socket, which belongs to the channel from now on; it is closed on failure
   * @throws IOException if it is not a stream socket of the Unix domain
   */
  public static VhostUserChannel open(Context context, OwnedFd fd, Handler handler)
      throws IOException {
    if (!UnixSocket.isUnixStream(fd)) {
      fd.close();
      throw new IOException("not a Unix stream socket");
    }
    return new VhostUserChannel(context, fd, handler);
  }

  /**
   * Connects to the socket at {@code path}.
   *
   * @throws IOException if nobody listens there, or from the call; the message names the path
   */
  public static VhostUserChannel connect(Context context, Path path, Handler handler)
      throws IOException {
    OwnedFd fd = UnixSocket.create();
    try {
      UnixSocket.connect(fd, path);
    } catch (IOException e) {
      fd.close();
      throw new IOException("cannot connect to " + path + ": " + e.getMessage(), e);
    }
    return open(context, fd, handler);
  }

  /** The context of the handler. */
  public Context context() {
    return context;
  }

  /** Whether messages can still be sent. */
  public boolean isOpen() {
    return open;
  }

  /**
   * Sends a message, at once or as soon as the socket takes it, in the order of the calls. Does
   * nothing if the channel is closed; a failure closes it.
   *
   * @param payload the payload from position to limit, {@code header.size()} bytes
   * @param fds descriptors to send along; they stay the caller's and may be closed after the call
   */
  public void send(MessageHeader header, ByteBuffer payload, List<OwnedFd> fds) {
    if (header.size() != payload.remaining()) {
      throw new IllegalArgumentException(
          "header says " + header.size() + " bytes, payload has " + payload.remaining());
    }
    if (!open) {
      return;
    }
    // One piece: a peer that takes the header alone for the whole message would be confused.
    ByteBuffer bytes = Payload.allocate(MessageHeader.SIZE + payload.remaining());
    header.write(bytes);
    bytes.put(MessageHeader.SIZE, payload, payload.position(), payload.remaining());
    try {
      boolean wasEmpty = outgoing.isEmpty();
      if (wasEmpty && sent(bytes, fds)) {
        return;
      }
      if (outgoing.size() == MAX_QUEUED) {
        close("peer does not read: " + MAX_QUEUED + " messages wait");
        return;
      }
      // Descriptors go with the first byte: once that is gone they have arrived.
      outgoing.add(new Outgoing(bytes, bytes.position() == 0 ? copies(fds) : List.of()));
      if (wasEmpty) {
        updateInterest();
      }
    } catch (IOException e) {
      closeFor(e);
    }
  }

  /** Sends a message without descriptors. */
  public void send(MessageHeader header, ByteBuffer payload) {
    send(header, payload, List.of());
  }

  /** Delivers no further message until {@link #resume()}: what arrives stays in the socket. */
  public void pause() {
    paused = true;
    updateInterest();
  }

  /** Ends a {@link #pause()}; the next message is delivered by a later turn of the loop. */
  public void resume() {
    paused = false;
    updateInterest();
  }

  /** Closes the socket and tells the handler in a later turn, unless that has been done. */
  public void close(String reason) {
    if (!open) {
      return;
    }
    open = false;
    // The peer is to hear of it at once: the descriptor may have to wait for others to be closed.
    UnixSocket.hangUp(registration.fd());
    registration.close();
    closeAll(fds);
    outgoing.forEach(message -> closeAll(message.fds));
    outgoing.clear();
    context.runOnContext(v -> handler.closed(this, reason));
  }

  private void closeFor(IOException e) {
    boolean gone =
        e instanceof NativeIoException failed
            && (failed.errno() == Errno.EPIPE || failed.errno() == Errno.ECONNRESET);
    close(gone ? PEER_CLOSED : String.valueOf(e.getMessage()));
  }

  private void updateInterest() {
    if (!open) {
      return;
    }
    if (outgoing.isEmpty()) {
      registration.interest(paused ? Interest.PAUSED : Interest.READ_LEVEL);
    } else {
      registration.interest(paused ? Interest.WRITE_LEVEL : Interest.READ_WRITE_LEVEL);
    }
  }

  private void ready() {
    if (!outgoing.isEmpty()) {
      flush();
    }
    if (open && !paused) {
      read();
    }
  }

  private void flush() {
    try {
      while (!outgoing.isEmpty()) {
        Outgoing next = outgoing.element();
        boolean started = next.bytes.position() > 0;
        boolean done = sent(next.bytes, started ? List.of() : next.fds);
        if (next.bytes.position() > 0) {
          closeAll(next.fds);
        }
        if (!done) {
          return;
        }
        outgoing.remove();
      }
      updateInterest();
    } catch (IOException e) {
      closeFor(e);
    }
  }

  /** Reads what is there of one message; the loop calls again for what follows. */
  private void read() {
    try {
      MessageHeader current = header;
      if (current == null) {
        if (!filledHeader()) {
          return;
        }
        current = MessageHeader.read(headerBuffer);
        String error = current.framingError();
        if (error != null) {
          close(error);
          return;
        }
        header = current;
        payloadBuffer.clear().limit(current.size());
      }
      if (payloadBuffer.hasRemaining()) {
        if (ended(socket.receive(payloadBuffer)) || payloadBuffer.hasRemaining()) {
          return;
        }
      }
      payloadBuffer.flip();
      deliver(current);
    } catch (IOException e) {
      closeFor(e);
    }
  }

  private void deliver(MessageHeader message) {
    ReceivedFds received = new ReceivedFds(fds);
    fds = new ArrayList<>();
    header = null;
    headerBuffer.clear();
    try {
      handler.message(this, message, payloadBuffer, received);
    } catch (RuntimeException | Error e) { // E12
      handler.failed(this, message, e);
      close("internal error: " + e);
    } finally {
      received.closeRest();
    }
  }

  /** Reads more of the header; true if it is complete now. */
  private boolean filledHeader() throws IOException {
    boolean first = headerBuffer.position() == 0;
    if (ended(first ? socket.receive(headerBuffer, fds) : socket.receive(headerBuffer))) {
      return false;
    }
    if (headerBuffer.position() >= Integer.BYTES) {
      int request = headerBuffer.getInt(0);
      if (fds.size() > handler.maxFds(request)) {
        close(
            "message "
                + Integer.toUnsignedString(request)
                + " came with "
                + fds.size()
                + " descriptors, and may have "
                + handler.maxFds(request));
        return false;
      }
    }
    return !headerBuffer.hasRemaining();
  }

  /** Whether there is nothing more to read, be it for now or for ever, as {@code count} says. */
  private boolean ended(int count) {
    if (count == 0) {
      boolean between = header == null && headerBuffer.position() == 0;
      close(between ? PEER_CLOSED : "closed by peer in the middle of a message");
    }
    return count <= 0;
  }

  private boolean sent(ByteBuffer bytes, List<OwnedFd> withFirstByte) throws IOException {
    List<OwnedFd> pending = withFirstByte;
    while (bytes.hasRemaining()) {
      if (socket.send(bytes, pending) == ScmSocket.NOTHING) {
        return false;
      }
      pending = List.of();
    }
    return true;
  }

  private static List<OwnedFd> copies(List<OwnedFd> fds) throws IOException {
    List<OwnedFd> copies = new ArrayList<>(fds.size());
    try {
      for (OwnedFd fd : fds) {
        copies.add(fd.duplicate());
      }
    } catch (IOException e) {
      closeAll(copies);
      throw e;
    }
    return copies;
  }

  private static void closeAll(List<OwnedFd> fds) {
    fds.forEach(OwnedFd::close);
  }
}
