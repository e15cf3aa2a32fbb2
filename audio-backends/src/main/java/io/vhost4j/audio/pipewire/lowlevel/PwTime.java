package io.vhost4j.audio.pipewire.lowlevel;

/**
 * {@code struct pw_time} of {@code pipewire/stream.h}, filled by {@link
 * LibPipewire#pw_stream_get_time_n}.
 *
 * <pre>
 *   0 now            24 delay      48 queued_buffers
 *   8 rate.num       32 queued     52 avail_buffers
 *  12 rate.denom     40 buffered   56 size (not in 0.3.65)
 *  16 ticks
 * </pre>
 */
public final class PwTime {
  /** Size that both versions fill. */
  public static final int SIZE = 56;

  private static final int RATE_NUMERATOR = 8;
  private static final int RATE_DENOMINATOR = 12;
  private static final int TICKS = 16;
  private static final int DELAY = 24;
  private static final int QUEUED = 32;
  private static final int BUFFERED = 40;

  private PwTime() {}

  /** When the cycle began, in ns of the monotonic clock. */
  public static long now(long time) {
    return LibC.getLong(time);
  }

  /** Frames of the stream in buffers that have been queued and not yet taken. */
  public static long queued(long time) {
    return LibC.getLong(time + QUEUED);
  }

  /** Frames of the stream that the resampler holds. */
  public static long buffered(long time) {
    return LibC.getLong(time + BUFFERED);
  }

  /**
   * How long the way through the graph and the device is, in frames of the stream: from the
   * beginning of a cycle until its first frame is heard, or since it was.
   *
   * @param time address of the struct
   * @param rate frames per second of the stream
   */
  public static long delay(long time, int rate) {
    return toFrames(time, LibC.getLong(time + DELAY), rate);
  }

  /** Where the graph's clock is, in frames of a stream with so many in a second. */
  public static long position(long time, int rate) {
    return toFrames(time, LibC.getLong(time + TICKS), rate);
  }

  private static long toFrames(long time, long ticks, int rate) {
    long denominator = LibC.getInt(time + RATE_DENOMINATOR);
    return denominator <= 0 ? 0 : ticks * LibC.getInt(time + RATE_NUMERATOR) * rate / denominator;
  }
}
