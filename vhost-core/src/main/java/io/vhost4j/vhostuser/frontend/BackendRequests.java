package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Context;
import io.vhost4j.device.DeviceLog;
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
import java.nio.file.Path;

/**
 * Serves the requests of the backend on a socket of their own, whatever the main socket waits for.
 * Event loop only.
 */
final class BackendRequests implements VhostUserChannel.Handler {
  /** A backend can cause as many lines as it likes. */
  private final DeviceLog log;

  private final Negotiation negotiation;
  private final Runnable configChanged;
  private final VhostUserChannel channel;
  private final OwnedFd peer;

  /**
   * @param path where the backend listens, for people
   */
  BackendRequests(Context context, Path path, Negotiation negotiation, Runnable configChanged)
      throws IOException {
    this.log = new DeviceLog(context, () -> "backend at " + path);
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
    log.flush();
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
          "its request is refused: {}",
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
    // The main socket tells of a backend that is gone; one may do without this.
  }
}
