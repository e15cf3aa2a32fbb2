package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.pipewire.lowlevel.LibC;
import io.vhost4j.audio.pipewire.lowlevel.PwBuffer;
import io.vhost4j.audio.pipewire.lowlevel.PwTime;

/**
 * Plays from the ring, and silence when there is too little in it.
 *
 * <p>The ring has room for the guest's whole buffer, and is filled only so far as the graph needs
 * it ({@link #room()}). Linux before 6.7 queues the buffer of a period again when it comes back,
 * and only then the guest's program writes into it: what is copied at once is the sound before.
 */
final class PlaybackCycle extends GraphCycle {
  private final byte silence;

  /** Half of the guest's buffer: the other half is the time that its program has. */
  private final int halfBytes;

  /** Bytes of a cycle of the graph, 0 before the first. Written by who has the turn. */
  private volatile int cycleBytes;

  /** Bytes of the cycle that {@link #cycleBegan} tells of, so far. */
  private int cycleSoFar;

  /** Whether the ring had audio since the start, and whether it has run dry since then. */
  private boolean sounding;

  private boolean dry;

  /** Position in the ring when the cycle began. */
  private long cycleStart;

  private long cycleBegan;

  /** Position in the ring after the last buffer. */
  private long noted;

  PlaybackCycle(PcmParameters parameters, int ringBytes, Runnable wake) {
    super(parameters, ringBytes, wake);
    silence = parameters.format().silence();
    halfBytes = ringBytes / frameBytes / 2 * frameBytes;
  }

  /**
   * Bytes that may be put into the ring now: up to half of the guest's buffer is copied ahead, or
   * two cycles if these are more. Executor.
   */
  int room() {
    int most = Math.max(halfBytes, 2 * cycleBytes);
    return Math.max(0, Math.min(ring.room(), most - ring.used()));
  }

  @Override
  void start() {
    sounding = false;
    dry = false;
    super.start();
  }

  @Override
  int transfer(long buffer, long data, boolean mine) {
    // No more samples than floats fit, see PipewireFormats: the rest is asked for at once.
    int most = PwBuffer.capacity(data) / Math.max(Float.BYTES, frameBytes);
    int frames = Math.min(wantedFrames(buffer), most);
    int wanted = frames * frameBytes;
    int bytes = mine ? Math.min(ring.used(), wanted) : 0;
    if (bytes < wanted && cycleBytes == 0) {
      bytes = 0; // the executor has not known how long a cycle is, and there may be more to copy
    }
    long memory = PwBuffer.memory(data);
    if (bytes > 0) {
      ring.take(memory, bytes);
    }
    if (bytes < wanted) {
      LibC.memset(memory + bytes, silence, wanted - bytes);
    }
    PwBuffer.setChunk(data, 0, wanted, frameBytes);
    PwBuffer.setSize(buffer, frames);
    if (mine) {
      countUnderrun(bytes, wanted);
    }
    return frames;
  }

  /**
   * What the next cycle needs must come in time: of what this one took, the guest gets back at once
   * what is missing in the ring for another like it, and the rest as it is heard.
   */
  @Override
  void note(long began, long frames, long time) {
    long end = ring.takenSoFar();
    if (began != cycleBegan) {
      cycleBegan = began;
      cycleStart = noted;
      cycleBytes = cycleSoFar;
    }
    noted = end;
    long cycle = frames * frameBytes;
    cycleSoFar = (int) Math.min(cycle, parameters.bufferBytes());
    cycleBytes = Math.max(cycleBytes, cycleSoFar);
    long lead = Math.max(0, cycle - ring.used());
    long way = PwTime.delay(time, parameters.rate().hertz()) + PwTime.buffered(time);
    latest.note(began, end, end - cycleStart, lead, cycle + toBytes(way));
  }

  private int wantedFrames(long buffer) {
    long requested = PwBuffer.requested(buffer);
    long frames = requested > 0 ? requested : parameters.periodBytes() / frameBytes;
    return (int) Math.max(1, Math.min(frames, Integer.MAX_VALUE / frameBytes));
  }

  /**
   * Silence is an underrun only if sound goes on after it: a guest that has played all it had
   * leaves the ring empty until it stops.
   */
  private void countUnderrun(int bytes, int wanted) {
    if (bytes > 0 && dry) {
      countXrun();
      dry = false;
    }
    sounding |= bytes > 0;
    dry |= sounding && bytes < wanted;
  }

  @Override
  void pass(int bytes) {
    ring.skip(Math.min(bytes, ring.used()));
    noted = ring.takenSoFar();
    latest.note(System.nanoTime(), noted, 0, 0, 0);
  }
}
