package io.vhost4j.vhostuser.backend;

import io.vertx.core.Future;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageRules;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks each message of a frontend against the table, has it obeyed, and answers (C2, C9 to C11,
 * E2, E5). Event loop only.
 */
final class MessageDispatch {
  private static final Logger log = LoggerFactory.getLogger(MessageDispatch.class);
  private static final long NACK = 1;

  private final BackendSession session;
  private final Map<FrontendMessage, Operation> operations = new EnumMap<>(FrontendMessage.class);

  MessageDispatch(BackendSession session) {
    this.session = session;
    new FeatureMessages(session).register(operations);
    new MemoryMessages(session).register(operations);
    new VringMessages(session).register(operations);
    new DeviceMessages(session).register(operations);
  }

  /** Obeys or refuses a message; another one follows only when it has been dealt with. */
  void message(
      VhostUserChannel channel, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    @Nullable FrontendMessage type = FrontendMessage.of(header.request());
    MessageRules.@Nullable Violation violation =
        MessageRules.check(type, header, payload, fds.count(), session.negotiation());
    if (violation != null && violation.fatal()) {
      channel.close(violation.reason());
      return;
    }
    if (type == null || violation != null) {
      // E5
      refuse(channel, type, header, violation == null ? "unknown message" : violation.reason());
      return;
    }
    log.debug("{}: {}, {} bytes, {} descriptors", session.log(), type, header.size(), fds.count());
    Operation operation = operations.get(type);
    if (operation == null) {
      // E5
      refuse(channel, type, header, type + " is not served");
      return;
    }
    try {
      Future<ByteBuffer> answer = operation.serve(new Request(header, payload, fds));
      if (!answer.isComplete()) {
        channel.pause();
        answer.onComplete(done -> channel.resume());
      }
      answer.onSuccess(reply -> reply(channel, type, header, reply));
      answer.onFailure(e -> refuse(channel, type, header, String.valueOf(e.getMessage())));
    } catch (RefusedException e) {
      refuse(channel, type, header, String.valueOf(e.getMessage()));
    }
  }

  private void reply(
      VhostUserChannel channel, FrontendMessage type, MessageHeader header, ByteBuffer payload) {
    if (type.reply() != null) {
      channel.send(header.reply(payload.remaining()), payload);
    } else if (type.wantsAck(header, session.negotiation())) {
      channel.send(header.reply(Long.BYTES), Payload.u64(0));
    }
  }

  /** Says no where the frontend listens (E2), and hangs up where it would go on unaware (E5). */
  private void refuse(
      VhostUserChannel channel,
      @Nullable FrontendMessage type,
      MessageHeader header,
      String reason) {
    boolean acknowledges =
        type != null
            ? type.wantsAck(header, session.negotiation())
            : header.needsReply() && session.negotiation().has(ProtocolFeature.REPLY_ACK);
    if (!acknowledges) {
      channel.close(reason);
      return;
    }
    session.log().warn("refused: {}", reason);
    channel.send(header.reply(Long.BYTES), Payload.u64(NACK));
  }
}
