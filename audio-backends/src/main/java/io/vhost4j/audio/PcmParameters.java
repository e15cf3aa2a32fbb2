package io.vhost4j.audio;

/**
 * The parameters of a prepared PCM stream (VIRTIO 5.14.6.6.3). Samples are interleaved.
 *
 * @param format sample format
 * @param rate frame rate
 * @param channels samples in a frame, 1 or more
 * @param bufferBytes size of the guest's ring of audio in bytes, a multiple of {@code periodBytes}
 * @param periodBytes size of the guest's period in bytes, above 0
 */
public record PcmParameters(
    SampleFormat format, SampleRate rate, int channels, int bufferBytes, int periodBytes) {

  /** Bytes in one frame. */
  public int frameBytes() {
    return format.bytes() * channels;
  }

  /** Bytes of audio in one second. */
  public int bytesPerSecond() {
    return frameBytes() * rate.hertz();
  }

  /** How long so many bytes of audio last, in ns, rounded down. */
  public long nanosOf(long bytes) {
    return bytes / frameBytes() * 1_000_000_000L / rate.hertz();
  }
}
