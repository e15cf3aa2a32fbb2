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

  /** A longer way is not to be believed. */
  private static final int MOST_SECONDS = 10;

  private PwTime() {}

  /**
   * Frames of the stream between its next buffer and the sound in the air: what is queued, what the
   * resampler holds, and the way through the graph and the device.
   *
   * @param time address of the struct
   * @param rate frames per second of the stream
   */
  public static int framesToTheAir(long time, int rate) {
    long frames =
        LibC.getLong(time + QUEUED)
            + LibC.getLong(time + BUFFERED)
            + toFrames(time, LibC.getLong(time + DELAY), rate);
    return (int) Math.max(0, Math.min(frames, (long) rate * MOST_SECONDS));
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
