package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.pipewire.lowlevel.PwBuffer;
import io.vhost4j.audio.pipewire.lowlevel.PwTime;
import java.nio.ByteBuffer;

/** Records into the ring, as long as there is room. */
final class CaptureCycle extends GraphCycle {
  private volatile boolean overrun;

  CaptureCycle(PcmParameters parameters, int ringBytes, Runnable wake) {
    super(parameters, ringBytes, wake);
  }

  @Override
  int transfer(long buffer, long data, boolean mine) {
    int capacity = PwBuffer.capacity(data);
    int offset = Math.max(0, Math.min(PwBuffer.chunkOffset(data), capacity));
    int frames = Math.max(0, Math.min(PwBuffer.chunkSize(data), capacity - offset)) / frameBytes;
    if (mine) {
      int bytes = Math.min(frames * frameBytes, ring.room());
      ring.put(PwBuffer.memory(data) + offset, bytes);
      noteRoom(bytes == frames * frameBytes);
    }
    return frames;
  }

  /** The delay of a source is the age of the first frame of a cycle, which brings those since. */
  @Override
  void note(long began, long frames, long time) {
    long older = Math.max(0, PwTime.delay(time, parameters.rate().hertz()) - frames);
    long way = older + PwTime.queued(time) + PwTime.buffered(time);
    latest.note(began, ring.putSoFar(), 0, 0, toBytes(way));
  }

  /** An overrun lasts until there is room again. */
  private void noteRoom(boolean enough) {
    if (!enough && !overrun) {
      countXrun();
    }
    overrun = !enough;
  }

  @Override
  void pass(int bytes) {
    int room = Math.min(bytes, ring.room());
    ring.fill(parameters.format().silence(), room);
    overrun = room < bytes;
    latest.note(System.nanoTime(), ring.putSoFar(), 0, 0, 0);
  }

  /**
   * Gives the guest what was recorded. After an overrun what is in the ring is too old: it is
   * dropped, or the guest would be late by a full ring ever after. Executor.
   */
  void take(ByteBuffer frames) {
    if (overrun) {
      ring.skip(ring.used());
    } else {
      ring.take(frames);
    }
  }
}
