package io.vhost4j.device;

/** Masks of the feature bits that no device type owns (B1). */
public final class VirtioFeature {
  /** Descriptors may refer to a table of descriptors. */
  public static final long INDIRECT_DESC = 1L << 28;

  /** Notifications are steered by ring index instead of flags. */
  public static final long EVENT_IDX = 1L << 29;

  /** A device of VIRTIO 1.0 or later. */
  public static final long VERSION_1 = 1L << 32;

  /** Addresses pass through an IOMMU. */
  public static final long ACCESS_PLATFORM = 1L << 33;

  /** The packed ring layout. */
  public static final long RING_PACKED = 1L << 34;

  /** Buffers are used in the order they were made available. */
  public static final long IN_ORDER = 1L << 35;

  /** Memory is ordered as the platform says. */
  public static final long ORDER_PLATFORM = 1L << 36;

  /** Extra data travels with a notification. */
  public static final long NOTIFICATION_DATA = 1L << 38;

  /** One queue may be reset while others run. */
  public static final long RING_RESET = 1L << 40;

  private VirtioFeature() {}
}
