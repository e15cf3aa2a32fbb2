package io.vhost4j.vhostuser.backend;

import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.protocol.BackendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the backend asks of the frontend, on the second socket if there is one. Nothing we send
 * waits for an answer, and so nothing is read: what a frontend sends here fills its own buffers.
 * Event loop only.
 */
final class BackendChannel implements VhostUserChannel.Handler {
  private final BackendSession session;
  private @Nullable VhostUserChannel channel;
  private boolean changeUntold;

  BackendChannel(BackendSession session) {
    this.session = session;
  }

  /**
   * Goes on with a socket, in place of any former one.
   *
   * @throws IOException if it is no stream socket; the former one stays in use then
   */
  void open(OwnedFd socket) throws IOException {
    VhostUserChannel opened = VhostUserChannel.open(session.context(), socket, this);
    opened.pause();
    close();
    channel = opened;
    tell();
  }

  /** The frontend is to know that the configuration space has changed (C40). */
  void configChanged() {
    changeUntold = true;
    tell();
  }

  /** Tells what waits to be told; a suspended device is silent until a ring starts (C19). */
  void tell() {
    if (changeUntold
        && channel != null
        && session.negotiation().has(ProtocolFeature.CONFIG)
        && !session.device().isSuspended()) {
      changeUntold = false;
      channel.send(
          MessageHeader.request(BackendMessage.CONFIG_CHANGE_MSG.id(), false, 0), Payload.EMPTY);
    }
  }

  void close() {
    if (channel != null) {
      channel.close("not used any more");
      channel = null;
    }
  }

  @Override
  public int maxFds(int request) {
    return 0;
  }

  @Override
  public void message(
      VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    // Answers were not asked for, and the frontend asks on the other socket.
  }

  @Override
  public void closed(VhostUserChannel from, String reason) {
    // The frontend can do without: changes are just not announced any more.
  }
}
