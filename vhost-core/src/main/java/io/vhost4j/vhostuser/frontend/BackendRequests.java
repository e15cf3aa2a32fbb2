package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Context;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.protocol.BackendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageRules;
import io.vhost4j.vhostuser.protocol.MessageType;
import io.vhost4j.vhostuser.protocol.Negotiation;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the requests of the backend on a socket of their own, whatever the main socket waits for.
 * Event loop only.
 */
final class BackendRequests implements VhostUserChannel.Handler {
  private static final Logger log = LoggerFactory.getLogger(BackendRequests.class);

  private final Negotiation negotiation;
  private final Runnable configChanged;
  private final VhostUserChannel channel;
  private final OwnedFd peer;

  BackendRequests(Context context, Negotiation negotiation, Runnable configChanged)
      throws IOException {
    this.negotiation = negotiation;
    this.configChanged = configChanged;
    OwnedFd[] pair = UnixSocket.pair();
    this.peer = pair[1];
    try {
      this.channel = VhostUserChannel.open(context, pair[0], this);
    } catch (IOException e) {
      peer.close();
      throw e;
    }
  }

  /** The backend's end, to be sent and closed. */
  OwnedFd peer() {
    return peer;
  }

  void close() {
    channel.close("closed by frontend");
    peer.close();
  }

  @Override
  public int maxFds(int request) {
    return MessageType.fdLimit(BackendMessage.of(request));
  }

  @Override
  public void message(
      VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    BackendMessage type = BackendMessage.of(header.request());
    MessageRules.Violation violation =
        MessageRules.check(type, header, payload, fds.count(), negotiation);
    boolean served = violation == null && type == BackendMessage.CONFIG_CHANGE_MSG;
    if (served) {
      configChanged.run();
    } else {
      log.warn(
          "request of the backend refused: {}",
          violation == null ? type + " is not supported" : violation.reason());
    }
    if (violation != null && violation.fatal()) {
      from.close(violation.reason());
    } else if (header.needsReply() && negotiation.has(ProtocolFeature.REPLY_ACK)) {
      from.send(header.reply(Long.BYTES), Payload.u64(served ? 0 : 1));
    } else if (!served) {
      from.close("request refused");
    }
  }

  @Override
  public void closed(VhostUserChannel which, String reason) {
    log.debug("socket of the backend's requests closed: {}", reason);
  }
}
