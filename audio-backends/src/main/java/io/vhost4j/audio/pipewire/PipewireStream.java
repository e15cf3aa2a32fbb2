package io.vhost4j.audio.pipewire;

import io.vhost4j.audio.AudioStream;
import io.vhost4j.audio.PcmParameters;

/** What both directions have in common. */
abstract class PipewireStream implements AudioStream {
  private final GraphCycle cycle;
  private final PipewireNode node;

  PipewireStream(GraphCycle cycle, PipewireNode node) {
    this.cycle = cycle;
    this.node = node;
  }

  @Override
  public final void start() {
    cycle.start();
    node.activate();
  }

  @Override
  public final void stop() {
    cycle.stop();
    node.deactivate();
  }

  @Override
  public final long xruns() {
    return cycle.xruns();
  }

  @Override
  public final long nanosToWait(int bytes) {
    boolean standingIn = cycle.attend();
    if (canMove(bytes)) {
      return 0;
    }
    if (!cycle.isRunning() || isIdle(bytes)) {
      return Long.MAX_VALUE;
    }
    // A cycle of the graph wakes the executor; the clock is for the case that none comes.
    PcmParameters parameters = cycle.parameters;
    return standingIn
        ? Math.max(1_000_000, parameters.nanosOf(parameters.periodBytes()))
        : GraphCycle.STALL_NANOS;
  }

  /** Whether a write or read of so many bytes would move any. */
  abstract boolean canMove(int bytes);

  /** Whether nothing is to happen until the guest does something. */
  abstract boolean isIdle(int bytes);

  @Override
  public final void close() {
    cycle.stop();
    node.close();
  }
}
