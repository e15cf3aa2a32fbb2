package io.vhost4j.vhostuser.channel;

import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageType;
import io.vhost4j.vhostuser.protocol.Payload;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A channel handler that keeps what it was told. */
class Recorder implements VhostUserChannel.Handler {
  /** A message with copies of what came with it. */
  record Message(MessageHeader header, ByteBuffer payload, List<OwnedFd> fds) {}

  private final LinkedBlockingQueue<Message> messages = new LinkedBlockingQueue<>();
  private final CompletableFuture<String> closed = new CompletableFuture<>();
  volatile int closedCalls;

  @Override
  public int maxFds(int request) {
    return MessageType.fdLimit(FrontendMessage.of(request));
  }

  @Override
  public void message(
      VhostUserChannel channel, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    ByteBuffer copy = Payload.allocate(payload.remaining()).put(payload).flip();
    messages.add(new Message(header, copy, fds.takeAll()));
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // the event loop alone writes
  public void closed(VhostUserChannel channel, String reason) {
    closedCalls++;
    closed.complete(reason);
  }

  /** The next message; waits for it. */
  Message next() throws Exception {
    Message message = messages.poll(10, TimeUnit.SECONDS);
    if (message == null) {
      throw new AssertionError("no message came");
    }
    return message;
  }

  /** Whether no message waits. */
  boolean isEmpty() {
    return messages.isEmpty();
  }

  /** Why the channel was closed; waits for it. */
  String closeReason() throws Exception {
    return closed.get(10, TimeUnit.SECONDS);
  }
}
