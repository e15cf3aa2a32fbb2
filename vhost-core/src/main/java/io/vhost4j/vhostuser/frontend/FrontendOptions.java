package io.vhost4j.vhostuser.frontend;

import io.vhost4j.vhostuser.protocol.ProtocolFeature;

/**
 * How a frontend talks to its backend.
 *
 * @param protocolFeatures bits that are negotiated if the backend offers them
 * @param timeoutMillis how long the backend may take for one reply, in milliseconds; the connection
 *     is closed after that
 */
public record FrontendOptions(long protocolFeatures, long timeoutMillis) {
  /** Everything that this frontend knows, and 5 seconds per reply. */
  public static final FrontendOptions DEFAULT =
      new FrontendOptions(
          ProtocolFeature.mask(
              ProtocolFeature.MQ,
              ProtocolFeature.REPLY_ACK,
              ProtocolFeature.BACKEND_REQ,
              ProtocolFeature.CONFIG,
              ProtocolFeature.RESET_DEVICE,
              ProtocolFeature.CONFIGURE_MEM_SLOTS,
              ProtocolFeature.STATUS),
          5000);

  /** The same without some protocol features. */
  public FrontendOptions without(ProtocolFeature... features) {
    return new FrontendOptions(protocolFeatures & ~ProtocolFeature.mask(features), timeoutMillis);
  }

  /** The same with another limit for a reply. */
  public FrontendOptions withTimeoutMillis(long millis) {
    return new FrontendOptions(protocolFeatures, millis);
  }
}
