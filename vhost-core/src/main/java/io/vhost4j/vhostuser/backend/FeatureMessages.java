package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.Operation.DONE;
import static io.vhost4j.vhostuser.backend.Operation.answer;

import io.vertx.core.Future;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import java.nio.ByteBuffer;
import java.util.Map;

/** The messages that settle what both sides can do (C5, C7, C8). */
final class FeatureMessages {
  private static final long PROTOCOL_FEATURES =
      ProtocolFeature.mask(
          ProtocolFeature.MQ,
          ProtocolFeature.REPLY_ACK,
          ProtocolFeature.BACKEND_REQ,
          ProtocolFeature.RESET_DEVICE,
          ProtocolFeature.CONFIGURE_MEM_SLOTS,
          ProtocolFeature.STATUS);

  private final BackendSession session;

  FeatureMessages(BackendSession session) {
    this.session = session;
  }

  /** What a frontend is offered: all that the driver is, and the bit for protocol features. */
  static long offered(DeviceEngine engine) {
    return engine.features() | VhostFeature.PROTOCOL_FEATURES;
  }

  /** QEMU warns of a configuration space that it does not expect, as of the entropy device's. */
  private long protocolFeatures() {
    return session.device().configSize() == 0
        ? PROTOCOL_FEATURES
        : PROTOCOL_FEATURES | ProtocolFeature.CONFIG.mask();
  }

  void register(Map<FrontendMessage, Operation> operations) {
    operations.put(
        FrontendMessage.GET_FEATURES, request -> answer(session.negotiation().offered()));
    operations.put(FrontendMessage.SET_FEATURES, this::setFeatures);
    operations.put(FrontendMessage.GET_PROTOCOL_FEATURES, request -> answer(protocolFeatures()));
    operations.put(FrontendMessage.SET_PROTOCOL_FEATURES, this::setProtocolFeatures);
    operations.put(
        FrontendMessage.GET_QUEUE_NUM, request -> answer(session.device().queues().size()));
    operations.put(FrontendMessage.SET_OWNER, request -> DONE);
    operations.put(FrontendMessage.RESET_OWNER, request -> DONE);
  }

  private Future<ByteBuffer> setFeatures(Request request) throws RefusedException {
    long features = Payload.readU64(request.payload());
    // The driver never sees bit 30, and so neither does the device.
    session.device().acknowledge(features & ~VhostFeature.PROTOCOL_FEATURES);
    session.negotiation(session.negotiation().withAcknowledged(features));
    if ((features & VhostFeature.PROTOCOL_FEATURES) == 0) {
      session.device().queues().forEach(EngineQueue::enable); // C15
    }
    return DONE;
  }

  private Future<ByteBuffer> setProtocolFeatures(Request request) throws RefusedException {
    long features = Payload.readU64(request.payload());
    String conflict = ProtocolFeature.conflict(features, protocolFeatures());
    if (conflict != null) {
      throw new RefusedException(conflict);
    }
    session.negotiation(session.negotiation().withProtocol(features));
    return DONE;
  }
}
