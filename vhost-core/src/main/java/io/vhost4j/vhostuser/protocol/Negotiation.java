package io.vhost4j.vhostuser.protocol;

import java.util.ArrayList;
import java.util.List;

/**
 * What the two sides have settled so far, as far as it decides which messages are legal. Also used
 * for what a message needs to be settled.
 *
 * @param offered feature bits that the backend offers, bit 30 among them if it has it
 * @param acknowledged feature bits of SET_FEATURES, 0 before
 * @param protocol bits of SET_PROTOCOL_FEATURES, 0 before
 */
public record Negotiation(long offered, long acknowledged, long protocol) {
  /** Nothing is settled, or nothing needs to be. */
  public static final Negotiation NOTHING = new Negotiation(0, 0, 0);

  static Negotiation needsOffer(long features) {
    return new Negotiation(features, 0, 0);
  }

  static Negotiation needsAcknowledged(long features) {
    return new Negotiation(0, features, 0);
  }

  static Negotiation needsProtocol(ProtocolFeature feature) {
    return new Negotiation(0, 0, feature.mask());
  }

  /** Whether a protocol feature has been negotiated. */
  public boolean has(ProtocolFeature feature) {
    return feature.in(protocol);
  }

  /** Whether everything in {@code needed} is settled here. */
  public boolean covers(Negotiation needed) {
    return (needed.offered & ~offered) == 0
        && (needed.acknowledged & ~acknowledged) == 0
        && (needed.protocol & ~protocol) == 0;
  }

  /** The same with other acknowledged features. */
  public Negotiation withAcknowledged(long features) {
    return new Negotiation(offered, features, protocol);
  }

  /** The same with other protocol features. */
  public Negotiation withProtocol(long features) {
    return new Negotiation(offered, acknowledged, features);
  }

  @Override
  public String toString() {
    List<String> parts = new ArrayList<>(3);
    if (offered != 0) {
      parts.add("offered features 0x" + Long.toHexString(offered));
    }
    if (acknowledged != 0) {
      parts.add("acknowledged features 0x" + Long.toHexString(acknowledged));
    }
    if (protocol != 0) {
      parts.add("protocol feature " + ProtocolFeature.describe(protocol));
    }
    return String.join(", ", parts);
  }
}
