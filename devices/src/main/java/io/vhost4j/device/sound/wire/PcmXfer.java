package io.vhost4j.device.sound.wire;

/**
 * The frame around audio on the tx and rx queues (VIRTIO 5.14.6.8; A44). Both parts are plain le32
 * fields, which the data path reads and writes in place.
 *
 * <pre>
 *  tx  readable: | stream_id | audio ... |     writable: | status | latency_bytes |
 *  rx  readable: | stream_id |                 writable: | audio ... | status | latency_bytes |
 * </pre>
 */
public final class PcmXfer {
  /** Length of the header, {@code virtio_snd_pcm_xfer}: the stream's id. */
  public static final int HEADER_SIZE = 4;

  /** Length of {@code virtio_snd_pcm_status}: the last bytes of the writable part. */
  public static final int STATUS_SIZE = 8;

  private PcmXfer() {}
}
