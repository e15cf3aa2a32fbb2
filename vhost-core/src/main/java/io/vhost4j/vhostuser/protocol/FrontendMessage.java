package io.vhost4j.vhostuser.protocol;

import static io.vhost4j.vhostuser.protocol.PayloadKind.CONFIG;
import static io.vhost4j.vhostuser.protocol.PayloadKind.INFLIGHT;
import static io.vhost4j.vhostuser.protocol.PayloadKind.IOTLB;
import static io.vhost4j.vhostuser.protocol.PayloadKind.LOG;
import static io.vhost4j.vhostuser.protocol.PayloadKind.MEMORY_TABLE;
import static io.vhost4j.vhostuser.protocol.PayloadKind.NONE;
import static io.vhost4j.vhostuser.protocol.PayloadKind.SINGLE_REGION;
import static io.vhost4j.vhostuser.protocol.PayloadKind.TRANSFER;
import static io.vhost4j.vhostuser.protocol.PayloadKind.U64;
import static io.vhost4j.vhostuser.protocol.PayloadKind.VRING_ADDRESS;
import static io.vhost4j.vhostuser.protocol.PayloadKind.VRING_FILE;
import static io.vhost4j.vhostuser.protocol.PayloadKind.VRING_STATE;

import io.vhost4j.device.VirtioFeature;
import org.jspecify.annotations.Nullable;

/**
 * Every message that a frontend may send. All are listed, those that we do not serve too, so that a
 * message that was not negotiated can be told from one that does not exist.
 */
@SuppressWarnings("ImmutableEnumChecker") // the gate is a record of three numbers
public enum FrontendMessage implements MessageType {
  GET_FEATURES(1, Negotiation.NOTHING, NONE, 0, 0, U64),
  SET_FEATURES(2, Negotiation.NOTHING, U64),
  SET_OWNER(3, Negotiation.NOTHING, NONE),
  RESET_OWNER(4, Negotiation.NOTHING, NONE),
  SET_MEM_TABLE(5, Negotiation.NOTHING, MEMORY_TABLE, 0, MemoryTable.MAX_REGIONS, null),
  SET_LOG_BASE(6, Negotiation.needsProtocol(ProtocolFeature.LOG_SHMFD), LOG, 1, 1, NONE),
  SET_LOG_FD(7, Negotiation.NOTHING, NONE, 1, 1, null),
  SET_VRING_NUM(8, Negotiation.NOTHING, VRING_STATE),
  SET_VRING_ADDR(9, Negotiation.NOTHING, VRING_ADDRESS),
  SET_VRING_BASE(10, Negotiation.NOTHING, VRING_STATE),
  GET_VRING_BASE(11, Negotiation.NOTHING, VRING_STATE, 0, 0, VRING_STATE),
  SET_VRING_KICK(12, Negotiation.NOTHING, VRING_FILE, 0, 1, null),
  SET_VRING_CALL(13, Negotiation.NOTHING, VRING_FILE, 0, 1, null),
  SET_VRING_ERR(14, Negotiation.NOTHING, VRING_FILE, 0, 1, null),
  GET_PROTOCOL_FEATURES(
      15, Negotiation.needsOffer(VhostFeature.PROTOCOL_FEATURES), NONE, 0, 0, U64),
  SET_PROTOCOL_FEATURES(16, Negotiation.needsOffer(VhostFeature.PROTOCOL_FEATURES), U64),
  GET_QUEUE_NUM(17, Negotiation.needsProtocol(ProtocolFeature.MQ), NONE, 0, 0, U64),
  SET_VRING_ENABLE(18, Negotiation.needsAcknowledged(VhostFeature.PROTOCOL_FEATURES), VRING_STATE),
  SEND_RARP(19, Negotiation.needsProtocol(ProtocolFeature.RARP), U64),
  NET_SET_MTU(20, Negotiation.needsProtocol(ProtocolFeature.MTU), U64),
  SET_BACKEND_REQ_FD(21, Negotiation.needsProtocol(ProtocolFeature.BACKEND_REQ), NONE, 1, 1, null),
  IOTLB_MSG(22, Negotiation.needsAcknowledged(VirtioFeature.ACCESS_PLATFORM), IOTLB, 0, 0, U64),
  SET_VRING_ENDIAN(23, Negotiation.needsProtocol(ProtocolFeature.CROSS_ENDIAN), VRING_STATE),
  GET_CONFIG(24, Negotiation.needsProtocol(ProtocolFeature.CONFIG), CONFIG, 0, 0, CONFIG),
  SET_CONFIG(25, Negotiation.needsProtocol(ProtocolFeature.CONFIG), CONFIG),
  CREATE_CRYPTO_SESSION(
      26,
      Negotiation.needsProtocol(ProtocolFeature.CRYPTO_SESSION),
      PayloadKind.CRYPTO_SESSION,
      0,
      0,
      PayloadKind.CRYPTO_SESSION),
  CLOSE_CRYPTO_SESSION(27, Negotiation.needsProtocol(ProtocolFeature.CRYPTO_SESSION), U64),
  POSTCOPY_ADVISE(28, Negotiation.needsProtocol(ProtocolFeature.PAGEFAULT), NONE, 0, 0, NONE),
  POSTCOPY_LISTEN(29, Negotiation.needsProtocol(ProtocolFeature.PAGEFAULT), NONE, 0, 0, U64),
  POSTCOPY_END(30, Negotiation.needsProtocol(ProtocolFeature.PAGEFAULT), NONE, 0, 0, U64),
  GET_INFLIGHT_FD(
      31, Negotiation.needsProtocol(ProtocolFeature.INFLIGHT_SHMFD), INFLIGHT, 0, 0, INFLIGHT),
  SET_INFLIGHT_FD(
      32, Negotiation.needsProtocol(ProtocolFeature.INFLIGHT_SHMFD), INFLIGHT, 1, 1, null),
  GPU_SET_SOCKET(33, Negotiation.NOTHING, NONE, 1, 1, null),
  RESET_DEVICE(34, Negotiation.needsProtocol(ProtocolFeature.RESET_DEVICE), NONE),
  VRING_KICK(35, Negotiation.needsProtocol(ProtocolFeature.INBAND_NOTIFICATIONS), VRING_STATE),
  GET_MAX_MEM_SLOTS(
      36, Negotiation.needsProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS), NONE, 0, 0, U64),
  ADD_MEM_REG(
      37,
      Negotiation.needsProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS),
      SINGLE_REGION,
      1,
      1,
      null),
  /** A descriptor is closed unused (C24). */
  REM_MEM_REG(
      38,
      Negotiation.needsProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS),
      SINGLE_REGION,
      0,
      1,
      null),
  SET_STATUS(39, Negotiation.needsProtocol(ProtocolFeature.STATUS), U64),
  GET_STATUS(40, Negotiation.needsProtocol(ProtocolFeature.STATUS), NONE, 0, 0, U64),
  GET_SHARED_OBJECT(
      41, Negotiation.needsProtocol(ProtocolFeature.SHARED_OBJECT), PayloadKind.UUID, 0, 0, NONE),
  SET_DEVICE_STATE_FD(
      42, Negotiation.needsProtocol(ProtocolFeature.DEVICE_STATE), TRANSFER, 1, 1, U64),
  CHECK_DEVICE_STATE(43, Negotiation.needsProtocol(ProtocolFeature.DEVICE_STATE), NONE, 0, 0, U64),
  GET_SHMEM_CONFIG(
      44, Negotiation.needsProtocol(ProtocolFeature.SHMEM), NONE, 0, 0, PayloadKind.SHMEM_CONFIG),
  GET_VRING_BASE_SKIP_DRAIN(
      45,
      Negotiation.needsProtocol(ProtocolFeature.GET_VRING_BASE_SKIP_DRAIN),
      VRING_STATE,
      0,
      0,
      VRING_STATE);

  private static final @Nullable FrontendMessage[] BY_ID = new @Nullable FrontendMessage[46];

  static {
    for (FrontendMessage message : values()) {
      BY_ID[message.id] = message;
    }
  }

  private final int id;
  private final Negotiation gate;
  private final PayloadKind payload;
  private final int minFds;
  private final int maxFds;
  private final @Nullable PayloadKind reply;

  FrontendMessage(int id, Negotiation gate, PayloadKind payload) {
    this(id, gate, payload, 0, 0, null);
  }

  FrontendMessage(
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
  public static @Nullable FrontendMessage of(int id) {
    return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
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
