package io.vhost4j.audio;

import java.util.Map;

/** How fast a backend without hardware of its own consumes and captures. */
public enum Pacing {
  /** As fast as the clock on the wall, like real hardware. */
  REALTIME,
  /**
   * As fast as possible. Not for guests: a whole buffer comes back at once, which ALSA takes for an
   * I/O error.
   */
  NONE;

  /** The option that chooses it, the same for all backends that have it. */
  public static final AudioOption OPTION =
      new AudioOption(
          "pacing",
          "realtime|none",
          "consume and capture as fast as real hardware, or as fast as possible; with none a guest's"
              + " ALSA reports I/O errors, as whole buffers come back at once: it is for tests and"
              + " benchmarks of other frontends",
          "realtime",
          AudioOption.Values.oneOf("realtime", "none"));

  /** What the user chose with {@link #OPTION}; the options have been checked. */
  public static Pacing of(Map<String, String> options) {
    return OPTION.in(options).equals("none") ? NONE : REALTIME;
  }
}
