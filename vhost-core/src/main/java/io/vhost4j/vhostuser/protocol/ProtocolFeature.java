package io.vhost4j.vhostuser.protocol;

import org.jspecify.annotations.Nullable;

/** The protocol feature bits. */
public enum ProtocolFeature {
  /** Several queues; GET_QUEUE_NUM. */
  MQ(0),
  LOG_SHMFD(1),
  RARP(2),
  /** Acknowledgements on request (C9). */
  REPLY_ACK(3),
  MTU(4),
  /** A second socket for requests of the backend. */
  BACKEND_REQ(5),
  CROSS_ENDIAN(6),
  CRYPTO_SESSION(7),
  PAGEFAULT(8),
  /** The backend holds the configuration space. */
  CONFIG(9),
  BACKEND_SEND_FD(10),
  HOST_NOTIFIER(11),
  INFLIGHT_SHMFD(12),
  RESET_DEVICE(13),
  INBAND_NOTIFICATIONS(14),
  /** Memory regions one by one. */
  CONFIGURE_MEM_SLOTS(15),
  /** The device status byte. */
  STATUS(16),
  XEN_MMAP(17),
  SHARED_OBJECT(18),
  DEVICE_STATE(19),
  GET_VRING_BASE_INFLIGHT(20),
  GPA_ADDRESSES(21),
  SHMEM(22),
  GET_VRING_BASE_SKIP_DRAIN(23);

  private final int bit;

  ProtocolFeature(int bit) {
    this.bit = bit;
  }

  /** Number of the bit. */
  public int bit() {
    return bit;
  }

  /** The bit as a mask. */
  public long mask() {
    return 1L << bit;
  }

  /** Whether the bit is set in {@code features}. */
  public boolean in(long features) {
    return (features & mask()) != 0;
  }

  /** The mask of several features. */
  public static long mask(ProtocolFeature... features) {
    long mask = 0;
    for (ProtocolFeature feature : features) {
      mask |= feature.mask();
    }
    return mask;
  }

  /** Names for log lines, for example {@code MQ|CONFIG|0x80000000}; {@code none} for 0. */
  public static String describe(long features) {
    if (features == 0) {
      return "none";
    }
    StringBuilder text = new StringBuilder();
    long unknown = features;
    for (ProtocolFeature feature : values()) {
      if (feature.in(features)) {
        text.append(text.isEmpty() ? "" : "|").append(feature);
        unknown &= ~feature.mask();
      }
    }
    if (unknown != 0) {
      text.append(text.isEmpty() ? "" : "|").append("0x").append(Long.toHexString(unknown));
    }
    return text.toString();
  }

  /**
   * Why a frontend may not set {@code features} (C41, features that need others, and bits outside
   * of {@code offered}).
   *
   * @return the reason, or null if the set is sound
   */
  public static @Nullable String conflict(long features, long offered) {
    if ((features & ~offered) != 0) {
      return "protocol features that were not offered: " + describe(features & ~offered);
    }
    String missing =
        requirement(features, INBAND_NOTIFICATIONS, REPLY_ACK)
            + requirement(features, INBAND_NOTIFICATIONS, BACKEND_REQ)
            + requirement(features, GET_VRING_BASE_INFLIGHT, INFLIGHT_SHMFD)
            + requirement(features, GET_VRING_BASE_SKIP_DRAIN, GET_VRING_BASE_INFLIGHT);
    return missing.isEmpty() ? null : "protocol features in conflict:" + missing;
  }

  private static String requirement(long features, ProtocolFeature one, ProtocolFeature needs) {
    return one.in(features) && !needs.in(features) ? " " + one + " needs " + needs : "";
  }
}
