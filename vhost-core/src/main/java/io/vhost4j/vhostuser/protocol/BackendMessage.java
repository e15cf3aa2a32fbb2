package io.vhost4j.vhostuser.protocol;

import io.vhost4j.device.VirtioFeature;
import org.jspecify.annotations.Nullable;

/** Every message that a backend may send on the socket it got with SET_BACKEND_REQ_FD. */
@SuppressWarnings("ImmutableEnumChecker") // the gate is a record of three numbers
public enum BackendMessage implements MessageType {
  IOTLB_MSG(
      1,
      Negotiation.needsAcknowledged(VirtioFeature.ACCESS_PLATFORM),
      PayloadKind.IOTLB,
      0,
      0,
      null),
  CONFIG_CHANGE_MSG(
      2, Negotiation.needsProtocol(ProtocolFeature.CONFIG), PayloadKind.NONE, 0, 0, null),
  VRING_HOST_NOTIFIER_MSG(
      3,
      Negotiation.needsProtocol(ProtocolFeature.HOST_NOTIFIER),
      PayloadKind.VRING_AREA,
      0,
      1,
      null),
  VRING_CALL(
      4,
      Negotiation.needsProtocol(ProtocolFeature.INBAND_NOTIFICATIONS),
      PayloadKind.VRING_STATE,
      0,
      0,
      null),
  VRING_ERR(
      5,
      Negotiation.needsProtocol(ProtocolFeature.INBAND_NOTIFICATIONS),
      PayloadKind.VRING_STATE,
      0,
      0,
      null),
  SHARED_OBJECT_ADD(
      6, Negotiation.needsProtocol(ProtocolFeature.SHARED_OBJECT), PayloadKind.UUID, 0, 0, null),
  SHARED_OBJECT_REMOVE(
      7, Negotiation.needsProtocol(ProtocolFeature.SHARED_OBJECT), PayloadKind.UUID, 0, 0, null),
  SHARED_OBJECT_LOOKUP(
      8,
      Negotiation.needsProtocol(ProtocolFeature.SHARED_OBJECT),
      PayloadKind.UUID,
      0,
      0,
      PayloadKind.U64),
  SHMEM_MAP(9, Negotiation.needsProtocol(ProtocolFeature.SHMEM), PayloadKind.SHMEM_MAP, 1, 1, null),
  SHMEM_UNMAP(
      10, Negotiation.needsProtocol(ProtocolFeature.SHMEM), PayloadKind.SHMEM_MAP, 0, 0, null);

  private final int id;
  private final Negotiation gate;
  private final PayloadKind payload;
  private final int minFds;
  private final int maxFds;
  private final @Nullable PayloadKind reply;

  BackendMessage(
      int id,
      Negotiation gate,
      PayloadKind payload,
      int minFds,
      int maxFds,
      @Nullable PayloadKind reply) {
    this.id = id;
    this.gate = gate;
    this.payload = payload;
    this.minFds = minFds;
    this.maxFds = maxFds;
    this.reply = reply;
  }

  /** The message with this number, or null if there is none. */
  public static @Nullable BackendMessage of(int id) {
    for (BackendMessage message : values()) {
      if (message.id == id) {
        return message;
      }
    }
    return null;
  }

  @Override
  public int id() {
    return id;
  }

  @Override
  public PayloadKind payload() {
    return payload;
  }

  @Override
  public int minFds() {
    return minFds;
  }

  @Override
  public int maxFds() {
    return maxFds;
  }

  @Override
  public @Nullable PayloadKind reply() {
    return reply;
  }

  @Override
  public Negotiation gate() {
    return gate;
  }
}
