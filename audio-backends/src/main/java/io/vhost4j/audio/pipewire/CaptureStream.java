package io.vhost4j.audio.pipewire;

import java.nio.ByteBuffer;

/** A stream that the guest records. */
final class CaptureStream extends PipewireStream {
  private final CaptureCycle cycle;

  CaptureStream(CaptureCycle cycle, PipewireNode node) {
    super(cycle, node);
    this.cycle = cycle;
  }

  @Override
  public void read(ByteBuffer frames) {
    cycle.attend();
    cycle.take(frames);
  }

  @Override
  public int latencyBytes() {
    long next = cycle.ring.takenSoFar();
    return (int) Math.min(cycle.latest.sinceHeard(next, System.nanoTime()), Integer.MAX_VALUE);
  }

  @Override
  boolean canMove(int bytes) {
    return bytes > 0 && cycle.ring.used() > 0;
  }

  @Override
  boolean isIdle(int bytes) {
    return bytes == 0;
  }
}
