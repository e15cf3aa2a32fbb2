package io.vhost4j.audio;

import java.util.function.LongSupplier;

/**
 * Says when the frames of a stream are due, for streams that have no hardware to say it.
 *
 * <p>Output: the clock starts with the first frames offered after {@link #start()}, and frames are
 * due when the last of them would have been played. Input: the clock starts with {@link #start()},
 * and room is due when the frames for all of it would have been captured. Deadlines are counted in
 * frames from that start, in whole numbers, so the rate is exact however long the stream runs and
 * however late its calls come: a late one finds several buffers due. {@link #stop()} halts the
 * clock, {@link #start()} lets it go on.
 *
 * <p>The guest has run dry when {@link #nanosToWait(int)} is told of 0 bytes. Output that comes
 * after that, without a stop in between, was too late: one xrun, and the clock starts anew with it.
 * Room for input that comes so late that more was captured since than the guest's buffer would
 * hold: one xrun, and what was too much never existed. A guest that runs dry and stops has just
 * ended.
 *
 * <p>One thread at a time; no method allocates.
 */
public final class StreamClock {
  private static final long SECOND = 1_000_000_000L;

  /** In which {@link Pacing#FAST} takes no more than half of the guest's buffer. */
  private static final long HALF_NANOS = 10_000_000;

  private final LongSupplier nanoTime;
  private final Pacing pacing;
  private final boolean output;
  private final int frameBytes;
  private final int hertz;
  private final int bufferFrames;

  private boolean running;
  private boolean anchored;
  private boolean dry;

  /** When frame 0 began; moves on by whole seconds, so that {@link #frames} stays below them. */
  private long anchor;

  /** Frames taken since {@link #anchor}, below {@link #hertz}. */
  private long frames;

  private long stoppedAt;
  private long xruns;

  /* Of Pacing.FAST: since when, in nanoseconds, how much was taken. */
  private long halfSince;
  private int halfFrames;

  /**
   * A clock that stands still.
   *
   * @param nanoTime a monotonic time in nanoseconds, usually {@code System::nanoTime}
   */
  public StreamClock(
      Direction direction, PcmParameters parameters, Pacing pacing, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.pacing = pacing;
    this.output = direction == Direction.OUTPUT;
    this.frameBytes = parameters.frameBytes();
    this.hertz = parameters.rate().hertz();
    this.bufferFrames = parameters.bufferBytes() / frameBytes;
  }

  /** The stream begins or goes on. */
  public void start() {
    if (running) {
      return;
    }
    running = true;
    long now = nanoTime.getAsLong();
    halfSince = now;
    halfFrames = 0;
    if (anchored) {
      anchor += now - stoppedAt;
    } else if (!output) {
      begin(now);
    }
  }

  /** The stream pauses, or has ended. */
  public void stop() {
    if (!running) {
      return;
    }
    running = false;
    stoppedAt = nanoTime.getAsLong();
    if (output && dry) {
      anchored = false;
    }
    dry = false;
  }

  /**
   * Takes so many bytes, all of them or none.
   *
   * @param bytes of whole frames
   * @return whether they were due and are now taken
   */
  public boolean take(int bytes) {
    if (!running) {
      return false;
    }
    int count = bytes / frameBytes;
    if (count == 0) {
      return true;
    }
    if (nanosFor(count) > 0) {
      return false;
    }
    switch (pacing) {
      case REALTIME -> {
        frames += count;
        anchor += frames / hertz * SECOND;
        frames %= hertz;
      }
      case FAST -> halfFrames += count;
      case NONE -> {}
    }
    return true;
  }

  private long nanosFor(int count) {
    return switch (pacing) {
      case REALTIME -> nanosUntil(count);
      case FAST -> nanosUntilHalf(count);
      case NONE -> 0;
    };
  }

  /** When to call {@link #take(int)}, as {@link AudioStream#nanosToWait(int)} has it. */
  public long nanosToWait(int bytes) {
    int count = bytes / frameBytes;
    if (count == 0) {
      dry = running;
    }
    if (!running || count == 0) {
      return Long.MAX_VALUE;
    }
    return nanosFor(count);
  }

  /**
   * As {@link AudioStream#latencyBytes()}: 0 for output, which is taken only when it has been
   * played; what was captured and not yet taken for input.
   */
  public int latencyBytes() {
    if (output || pacing != Pacing.REALTIME || !anchored) {
      return 0;
    }
    long captured = framesIn((running ? nanoTime.getAsLong() : stoppedAt) - anchor) - frames;
    return (int) Math.max(0, Math.min(captured, bufferFrames)) * frameBytes;
  }

  /** As {@link AudioStream#xruns()}. */
  public long xruns() {
    return xruns;
  }

  /** Nanoseconds until the end of the next so many frames, which the guest has just offered. */
  private long nanosUntil(int count) {
    long now = nanoTime.getAsLong();
    if (!anchored) {
      begin(now);
    } else if (dry) {
      catchUp(now);
    }
    dry = false;
    return anchor + nanosOf(frames + count) - now;
  }

  /** Nanoseconds until so many frames are part of the half that may be taken. */
  private long nanosUntilHalf(int count) {
    long now = nanoTime.getAsLong();
    if (now - halfSince >= HALF_NANOS) {
      halfSince = now;
      halfFrames = 0;
    }
    boolean fits = halfFrames == 0 || halfFrames + count <= bufferFrames / 2;
    return fits ? 0 : halfSince + HALF_NANOS - now;
  }

  private void catchUp(long now) {
    if (output) {
      xruns++;
      begin(now);
      return;
    }
    long surplus = framesIn(now - anchor) - frames - bufferFrames;
    if (surplus > 0) {
      xruns++;
      anchor += nanosOf(surplus);
    }
  }

  private void begin(long now) {
    anchored = true;
    anchor = now;
    frames = 0;
  }

  /** Rounded up: no frame is due before its end. */
  private long nanosOf(long count) {
    return count / hertz * SECOND + (count % hertz * SECOND + hertz - 1) / hertz;
  }

  private long framesIn(long nanos) {
    return nanos / SECOND * hertz + nanos % SECOND * hertz / SECOND;
  }
}
