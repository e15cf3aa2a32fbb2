package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.pipewire.lowlevel.LibC;
import io.vhost4j.audio.pipewire.lowlevel.PwBuffer;
import io.vhost4j.audio.pipewire.lowlevel.PwTime;

/** Plays from the ring, and silence when there is too little in it. */
final class PlaybackCycle extends GraphCycle {
  private final byte silence;

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
    }
    noted = end;
    long cycle = frames * frameBytes;
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
