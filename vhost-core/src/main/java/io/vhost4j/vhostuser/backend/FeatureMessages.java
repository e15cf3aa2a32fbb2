package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.Operation.DONE;
import static io.vhost4j.vhostuser.backend.Operation.answer;

import io.vertx.core.Future;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import java.nio.ByteBuffer;
import java.util.Map;

/** The messages that settle what both sides can do (conformance C5 to C8). */
final class FeatureMessages {
  /** Feature bits of rings and transport, offered for every device (B1, B2). */
  private static final long ENGINE_FEATURES =
      VirtioFeature.VERSION_1
          | VirtioFeature.INDIRECT_DESC
          | VirtioFeature.EVENT_IDX
          | VhostFeature.PROTOCOL_FEATURES;

  /** Feature bits that belong to the type of a device, of the 64 that vhost-user carries (2.2). */
  private static final long DEVICE_FEATURES = (1L << 24) - 1 | -1L << 50;

  static final long PROTOCOL_FEATURES =
      ProtocolFeature.mask(
          ProtocolFeature.MQ,
          ProtocolFeature.REPLY_ACK,
          ProtocolFeature.BACKEND_REQ,
          ProtocolFeature.CONFIG,
          ProtocolFeature.RESET_DEVICE,
          ProtocolFeature.CONFIGURE_MEM_SLOTS,
          ProtocolFeature.STATUS);

  private final BackendSession session;

  FeatureMessages(BackendSession session) {
    this.session = session;
  }

  /**
   * All feature bits that are offered for a device.
   *
   * @throws IllegalArgumentException if it wants to offer some that are not a device's
   */
  static long offered(VirtioDevice device) {
    long features = device.features();
    long foreign = features & ~DEVICE_FEATURES;
    if (foreign != 0) {
      throw new IllegalArgumentException(
          "%s: feature bits 0x%x are not a device's to offer, only bits 0 to 23 and 50 to 63"
              .formatted(device.name(), foreign));
    }
    return features | ENGINE_FEATURES;
  }

  void register(Map<FrontendMessage, Operation> operations) {
    operations.put(
        FrontendMessage.GET_FEATURES, request -> answer(session.negotiation().offered()));
    operations.put(FrontendMessage.SET_FEATURES, this::setFeatures);
    operations.put(FrontendMessage.GET_PROTOCOL_FEATURES, request -> answer(PROTOCOL_FEATURES));
    operations.put(FrontendMessage.SET_PROTOCOL_FEATURES, this::setProtocolFeatures);
    operations.put(FrontendMessage.GET_QUEUE_NUM, request -> answer(session.device().queueCount()));
    operations.put(FrontendMessage.SET_OWNER, request -> DONE);
    operations.put(FrontendMessage.RESET_OWNER, request -> DONE);
  }

  private Future<ByteBuffer> setFeatures(Request request) throws RefusedException {
    long features = Payload.readU64(request.payload());
    long unknown = features & ~session.negotiation().offered();
    if (unknown != 0) {
      // C7
      throw new RefusedException("features that were not offered: 0x" + Long.toHexString(unknown));
    }
    session.negotiation(session.negotiation().withAcknowledged(features));
    session.device().featuresAcknowledged(features);
    if ((features & VhostFeature.PROTOCOL_FEATURES) == 0) {
      session.vrings().forEach(Vring::enable); // C15
    }
    return DONE;
  }

  private Future<ByteBuffer> setProtocolFeatures(Request request) throws RefusedException {
    long features = Payload.readU64(request.payload());
    String conflict = ProtocolFeature.conflict(features, PROTOCOL_FEATURES);
    if (conflict != null) {
      throw new RefusedException(conflict);
    }
    session.negotiation(session.negotiation().withProtocol(features));
    return DONE;
  }
}
