package io.vhost4j.audio.pipewire;

/**
 * Notices cycles that the graph had to do without the stream, because the data thread came too
 * late: the graph's clock has then gone further than what was handed over. What was handed over too
 * late is lost. Used by one thread at a time.
 */
final class MissedCycles {
  private boolean counting;
  private long position;
  private long frames;

  /** The stream is not heard: what is missed from now on does not count. */
  void reset() {
    counting = false;
  }

  /**
   * Takes note of a buffer; there may be several at the same position.
   *
   * @param position the graph's clock, in frames of the stream
   * @param frames what the buffer has
   * @return whether there was a cycle, or more, without a buffer since the last one
   */
  boolean before(long position, long frames) {
    long passed = position - this.position;
    if (counting && passed == 0) {
      this.frames += frames;
      return false;
    }
    // Half a cycle more or less is the resampler's, and the length of cycles may change.
    boolean missed = counting && passed > Math.max(this.frames, frames) * 3 / 2;
    counting = true;
    this.position = position;
    this.frames = frames;
    return missed;
  }
}
