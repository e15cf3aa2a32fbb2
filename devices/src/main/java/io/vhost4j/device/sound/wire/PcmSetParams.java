package io.vhost4j.device.sound.wire;

import io.vhost4j.device.Struct;

/**
 * Chooses the parameters of a PCM stream (VIRTIO 5.14.6.6.3).
 *
 * <pre>
 *  0      4           8              12             16         20   21     22     23  24
 *  +------+-----------+--------------+--------------+----------+----+------+------+---+
 *  | code | stream_id | buffer_bytes | period_bytes | features | ch | form | rate | 0 |
 *  +------+-----------+--------------+--------------+----------+----+------+------+---+
 * </pre>
 */
public final class PcmSetParams extends Struct<PcmSetParams> {
  public static final int SIZE = 24;

  private static final int CODE = 0;
  private static final int STREAM_ID = 4;
  private static final int BUFFER_BYTES = 8;
  private static final int PERIOD_BYTES = 12;
  private static final int FEATURES = 16;
  private static final int CHANNELS = 20;
  private static final int FORMAT = 21;
  private static final int RATE = 22;
  private static final int PADDING = 23;

  /** A view of nothing so far. */
  public PcmSetParams() {
    super(SIZE);
  }

  /** Id of the stream, unsigned. */
  public int streamId() {
    return le32(STREAM_ID);
  }

  /** Sets the code as well. */
  public PcmSetParams streamId(int id) {
    le32(CODE, RequestCode.PCM_SET_PARAMS.code());
    le32(STREAM_ID, id);
    return this;
  }

  /** Size of the guest's ring of audio in bytes, unsigned. */
  public int bufferBytes() {
    return le32(BUFFER_BYTES);
  }

  public PcmSetParams bufferBytes(int bytes) {
    le32(BUFFER_BYTES, bytes);
    return this;
  }

  /** Size of a period in bytes, unsigned. */
  public int periodBytes() {
    return le32(PERIOD_BYTES);
  }

  public PcmSetParams periodBytes(int bytes) {
    le32(PERIOD_BYTES, bytes);
    return this;
  }

  /** Mask of {@link PcmFeature#mask()}. */
  public int features() {
    return le32(FEATURES);
  }

  public PcmSetParams features(int mask) {
    le32(FEATURES, mask);
    return this;
  }

  public int channels() {
    return u8(CHANNELS);
  }

  public PcmSetParams channels(int channels) {
    u8(CHANNELS, channels);
    return this;
  }

  /** Ordinal of an {@link io.vhost4j.audio.SampleFormat}. */
  public int format() {
    return u8(FORMAT);
  }

  public PcmSetParams format(int format) {
    u8(FORMAT, format);
    return this;
  }

  /** Ordinal of an {@link io.vhost4j.audio.SampleRate}. */
  public int rate() {
    return u8(RATE);
  }

  public PcmSetParams rate(int rate) {
    u8(RATE, rate);
    return this;
  }

  public int padding() {
    return u8(PADDING);
  }

  public PcmSetParams padding(int value) {
    u8(PADDING, value);
    return this;
  }
}
