package io.vhost4j.device.sound.wire;

/** Features of a PCM stream (VIRTIO 5.14.6.6.2). The ordinal is the bit. */
public enum PcmFeature {
  SHMEM_HOST,
  SHMEM_GUEST,
  MSG_POLLING,
  EVT_SHMEM_PERIODS,
  EVT_XRUNS;

  /** Every bit that has a meaning. */
  public static final int DEFINED = (1 << values().length) - 1;

  /** This feature's bit in a mask. */
  public int mask() {
    return 1 << ordinal();
  }
}
