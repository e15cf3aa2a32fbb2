package io.vhost4j.audio.pipewire;

import java.nio.ByteBuffer;

/** A stream that the guest plays. */
final class PlaybackStream extends PipewireStream {
  private final PlaybackCycle cycle;

  PlaybackStream(PlaybackCycle cycle, PipewireNode node) {
    super(cycle, node);
    this.cycle = cycle;
  }

  @Override
  public void write(ByteBuffer frames) {
    cycle.attend();
    int end = frames.limit();
    frames.limit(frames.position() + Math.min(cycle.room(), frames.remaining()));
    cycle.ring.put(frames);
    frames.limit(end);
  }

  @Override
  public int pendingBytes() {
    cycle.attend();
    return Math.toIntExact(cycle.ring.putSoFar() - cycle.latest.consumed(System.nanoTime()));
  }

  @Override
  public int latencyBytes() {
    long end = cycle.ring.putSoFar();
    return (int) Math.min(cycle.latest.untilHeard(end, System.nanoTime()), Integer.MAX_VALUE);
  }

  @Override
  boolean canMove(int bytes) {
    return bytes > 0 && cycle.room() > 0;
  }

  @Override
  boolean isIdle(int bytes) {
    return bytes == 0 && cycle.ring.used() == 0;
  }
}
