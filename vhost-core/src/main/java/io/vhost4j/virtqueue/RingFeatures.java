package io.vhost4j.virtqueue;

/** The feature bits that change how a split ring works. */
public final class RingFeatures {
  /** VIRTIO_F_INDIRECT_DESC: chains may continue in a table of their own. */
  public static final long INDIRECT_DESC = 1L << 28;

  /** VIRTIO_F_EVENT_IDX: each side names the index at which it wants to be notified. */
  public static final long EVENT_IDX = 1L << 29;

  private RingFeatures() {}
}
