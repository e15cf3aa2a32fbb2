package io.vhost4j.vhostuser.protocol;

/**
 * Masks of the bits that vhost-user has among the feature bits for its own use: the driver never
 * sees them (B1).
 */
public final class VhostFeature {
  /** Log dirty pages. */
  public static final long LOG_ALL = 1L << 26;

  /** The peer speaks of protocol features. */
  public static final long PROTOCOL_FEATURES = 1L << 30;

  private VhostFeature() {}
}
