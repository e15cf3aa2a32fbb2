package io.vhost4j.vhostuser.protocol;

import org.jspecify.annotations.Nullable;

/** One row of the table of messages; see {@link FrontendMessage} and {@link BackendMessage}. */
public sealed interface MessageType permits FrontendMessage, BackendMessage {
  /** Number of the message on the wire. */
  int id();

  /** The standard's name, for example {@code SET_VRING_NUM}. */
  String name();

  /** Shape of the request's payload. */
  PayloadKind payload();

  /** Fewest descriptors that may come along. */
  int minFds();

  /** Most descriptors that may come along. */
  int maxFds();

  /**
   * Payload of the reply that this message always gets, {@link PayloadKind#NONE} for an empty one;
   * null if it gets at most an acknowledgement (C9, C10).
   */
  @Nullable PayloadKind reply();

  /** Most descriptors that may come along with a message of this row; none if there is no row. */
  static int fdLimit(@Nullable MessageType row) {
    return row == null ? 0 : row.maxFds();
  }

  /** What must be negotiated before. */
  Negotiation gate();

  /** Whether the message is legal with what has been negotiated. */
  default boolean permitted(Negotiation negotiation) {
    return negotiation.covers(gate());
  }

  /**
   * Whether the sender waits for a U64 acknowledgement of this message: it asks for one, REPLY_ACK
   * is negotiated and the message has no reply of its own (C9 to C11).
   */
  default boolean wantsAck(MessageHeader header, Negotiation negotiation) {
    return reply() == null && header.needsReply() && negotiation.has(ProtocolFeature.REPLY_ACK);
  }
}
