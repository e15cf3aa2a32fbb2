package io.vhost4j.audio;

import java.util.Locale;
import java.util.Map;

/** How fast a backend without hardware of its own consumes and captures. */
public enum Pacing {
  /** As fast as the clock on the wall, like real hardware. */
  REALTIME,
  /**
   * Half of the guest's buffer in 10 ms, so that its driver hears of one half before the other
   * comes back. ALSA may still call it an underrun.
   */
  FAST,
  /**
   * As fast as possible. Not for guests: a whole buffer comes back at once, which ALSA takes for an
   * I/O error.
   */
  NONE;

  /** The option that chooses it, the same for all backends that have it. */
  public static final AudioOption OPTION =
      new AudioOption(
          "pacing",
          "realtime|fast|none",
          "consume and capture as fast as real hardware; half of the guest's buffer in 10 ms, which its"
              + " ALSA may call an underrun; or as fast as possible, which it reports as I/O errors, as"
              + " whole buffers come back at once: fast and none are for tests and benchmarks",
          "realtime",
          AudioOption.Values.oneOf("realtime", "fast", "none"));

  /** What the user chose with {@link #OPTION}; the options have been checked. */
  public static Pacing of(Map<String, String> options) {
    return valueOf(OPTION.in(options).toUpperCase(Locale.ROOT));
  }
}
