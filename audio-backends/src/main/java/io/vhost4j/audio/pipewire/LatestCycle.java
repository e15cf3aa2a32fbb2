package io.vhost4j.audio.pipewire;

/**
 * Where the sound of the graph's latest cycle is. The graph takes, or brings, the audio of a whole
 * cycle at its beginning; heard it is frame by frame until the next one. This says how far that is,
 * so that a guest is told of the position of its sound and not of the steps of the graph.
 *
 * <p>Positions count the bytes that ever went through the stream's ring. Written by who is at the
 * graph's end of the ring, read by the stream's executor, which never waits: while a cycle is being
 * noted it goes by the one before, and that has just reached its end.
 */
final class LatestCycle {
  private static final int ATTEMPTS = 3;

  private final long bytesPerSecond;

  /** Odd while a cycle is being noted. */
  private volatile int version;

  private volatile long notedAt;
  private volatile long notedEnd;
  private volatile long notedTaken;
  private volatile long notedLead;
  private volatile long notedWay;

  // The executor's copy.
  private long at;
  private long end;
  private long taken;
  private long lead;
  private long way;

  /**
   * Nothing has gone through the ring.
   *
   * @param bytesPerSecond of the stream
   */
  LatestCycle(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Notes a cycle.
   *
   * @param time when it began, by {@link System#nanoTime()}
   * @param position of the graph's end of the ring, after the cycle
   * @param taken how many bytes the cycle has taken from the ring, for output
   * @param lead how many of them the guest needs back at once to be in time for the next cycle
   * @param way bytes between that position and the air, when the cycle began
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time
  void note(long time, long position, long taken, long lead, long way) {
    version++;
    notedAt = time;
    notedEnd = position;
    notedTaken = taken;
    notedLead = lead;
    notedWay = way;
    version++;
  }

  /** Executor: looks at the latest cycle. */
  private void look() {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int before = version;
      long newAt = notedAt;
      long newEnd = notedEnd;
      long newTaken = notedTaken;
      long newLead = notedLead;
      long newWay = notedWay;
      if ((before & 1) == 0 && before == version) {
        at = newAt;
        end = newEnd;
        taken = newTaken;
        lead = newLead;
        way = newWay;
        return;
      }
    }
  }

  /** Bytes of audio that last from the beginning of the cycle until now; 0 to a second. */
  private long elapsed(long now) {
    long nanos = Math.max(0, Math.min(now - at, 1_000_000_000L));
    return nanos * bytesPerSecond / 1_000_000_000L;
  }

  /** Output: up to which position the sound is consumed. Executor. */
  long consumed(long now) {
    look();
    return end - Math.max(0, taken - lead - elapsed(now));
  }

  /** Output: bytes between a position in the ring and the air. Executor. */
  long untilHeard(long position, long now) {
    look();
    return position - end + Math.max(0, way - elapsed(now));
  }

  /** Input: bytes between the air and a position in the ring. Executor. */
  long sinceHeard(long position, long now) {
    look();
    return Math.max(0, end - position + way + elapsed(now));
  }
}
