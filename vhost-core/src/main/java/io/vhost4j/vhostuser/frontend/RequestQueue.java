package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageRules;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/**
 * Requests that wait for their replies, in the order they were sent (C2): any number may be under
 * way. Event loop only.
 */
final class RequestQueue implements VhostUserChannel.Handler {
  private final Context context;
  private final FrontendOptions options;
  private final Consumer<String> closed;
  private final VhostUserChannel channel;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private String closeReason = "";
  private boolean timedOut;
  private long protocolFeatures;

  private record Pending(FrontendMessage type, Promise<ByteBuffer> reply, long timer) {}

  /**
   * Connects.
   *
   * @param closed told once why the connection has ended
   */
  RequestQueue(Context context, Path path, FrontendOptions options, Consumer<String> closed)
      throws IOException {
    this.context = context;
    this.options = options;
    this.closed = closed;
    this.channel = VhostUserChannel.connect(context, path, this);
  }

  /** What has been negotiated; decides whether acknowledgements are asked for (C9). */
  void negotiated(long features) {
    this.protocolFeatures = features;
  }

  /**
   * Sends a request.
   *
   * @return the payload of the reply, a copy; of an acknowledgement too. Without REPLY_ACK a
   *     request that has no reply completes with an empty buffer when it is sent.
   */
  Future<ByteBuffer> send(FrontendMessage type, ByteBuffer payload, List<OwnedFd> fds) {
    if (!channel.isOpen()) {
      String reason = closeReason.isEmpty() ? VhostUserChannel.PEER_CLOSED : closeReason;
      return Future.failedFuture(new IOException("cannot send " + type + ": " + reason));
    }
    boolean ack = type.reply() == null && ProtocolFeature.REPLY_ACK.in(protocolFeatures);
    Promise<ByteBuffer> reply = ((ContextInternal) context).promise();
    if (ack || type.reply() != null) {
      long timer = context.owner().setTimer(options.timeoutMillis(), id -> timedOut(type));
      pending.add(new Pending(type, reply, timer));
    }
    channel.send(MessageHeader.request(type.id(), ack, payload.remaining()), payload, fds);
    if (!ack && type.reply() == null) {
      reply.complete(Payload.EMPTY);
    }
    return reply.future();
  }

  /** Sends a request without descriptors. */
  Future<ByteBuffer> send(FrontendMessage type, ByteBuffer payload) {
    return send(type, payload, List.of());
  }

  /** Sends a request whose reply is one 64-bit number. */
  Future<Long> getU64(FrontendMessage type) {
    return send(type, Payload.EMPTY, List.of()).map(Payload::readU64);
  }

  void close(String reason) {
    if (closeReason.isEmpty()) {
      closeReason = reason;
    }
    channel.close(reason);
  }

  private void timedOut(FrontendMessage type) {
    timedOut = true;
    close("no reply to " + type + " within " + options.timeoutMillis() + " ms");
  }

  @Override
  public int maxFds(int request) {
    return 0; // nothing that we ask for is answered with one
  }

  @Override
  public void message(
      VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    Pending due = pending.peek();
    if (due == null) {
      // C2
      close("message " + header.request() + " from the backend answers nothing");
      return;
    }
    String error = MessageRules.checkReply(due.type, header, payload, fds.count());
    if (error != null) {
      close(error);
      return;
    }
    pending.remove();
    context.owner().cancelTimer(due.timer);
    settle(due, payload);
  }

  private static void settle(Pending due, ByteBuffer payload) {
    if (due.type.reply() == null && Payload.readU64(payload) != 0) {
      String value = Long.toUnsignedString(Payload.readU64(payload));
      due.reply.fail(new RequestRefusedException(due.type, "acknowledged with " + value));
    } else if (due.type == FrontendMessage.GET_CONFIG && !payload.hasRemaining()) {
      due.reply.fail(new RequestRefusedException(due.type, "empty reply"));
    } else {
      due.reply.complete(Payload.allocate(payload.remaining()).put(payload).flip());
    }
  }

  @Override
  public void closed(VhostUserChannel which, String reason) {
    if (closeReason.isEmpty()) {
      closeReason = reason;
    }
    while (!pending.isEmpty()) {
      Pending next = pending.remove();
      context.owner().cancelTimer(next.timer);
      String message = "no reply to " + next.type + ": " + closeReason;
      next.reply.fail(timedOut ? new SocketTimeoutException(message) : new IOException(message));
    }
    closed.accept(closeReason);
  }
}
