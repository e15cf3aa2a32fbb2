package io.vhost4j.audio.pipewire;

import com.sun.jna.Memory;
import io.vhost4j.audio.PcmParameters;
import io.vhost4j.audio.pipewire.lowlevel.LibPipewire;
import io.vhost4j.audio.pipewire.lowlevel.PwBuffer;
import io.vhost4j.audio.pipewire.lowlevel.PwStreamEvents;
import io.vhost4j.audio.pipewire.lowlevel.PwTime;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;

/**
 * A stream's part in a cycle of the graph: moves audio between the stream's ring and the buffers of
 * PipeWire, in the event {@code process} on PipeWire's data thread. There it takes no lock and
 * allocates nothing.
 *
 * <p>When no cycle comes, because PipeWire was ended or has no device to play to, the stream's
 * executor stands in ({@link #attend()}): it consumes or makes silence at the pace of the clock.
 * The flag {@code turn} says who of the two is at the graph's end of the ring; the one who finds it
 * taken does without, so nobody ever waits.
 */
abstract class GraphCycle implements PwStreamEvents.ProcessEvent {
  /** After so long without a cycle the clock stands in; the longest cycle is a third of it. */
  static final long STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** So many cycles after the last audio it has gone through the resampler and into the device. */
  private static final int SETTLED_CYCLES = 3;

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final VarHandle TURN;
  private static final VarHandle WOKEN;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TURN = lookup.findVarHandle(GraphCycle.class, "turn", boolean.class);
      WOKEN = lookup.findVarHandle(GraphCycle.class, "woken", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A longer way from the graph to the air is not to be believed. */
  private static final int MOST_SECONDS = 10;

  final PcmParameters parameters;
  final AudioRing ring;
  final LatestCycle latest;
  final int frameBytes;
  private final Runnable wake;
  private final Memory time = new Memory(PwTime.SIZE);
  private final long timeAddress = Memory.nativeValue(time);

  /** Data thread only. */
  private final MissedCycles missedCycles = new MissedCycles();

  /** When the cycle began, and its frames so far. Data thread only. */
  private long cycleBegan;

  private int cycleFrames;

  private volatile boolean running;
  private volatile boolean lost;
  private volatile long lastCycle;
  private volatile long xruns;
  private volatile int silentCycles;

  @SuppressWarnings("UnusedVariable") // by VarHandle
  private boolean turn;

  @SuppressWarnings("UnusedVariable") // by VarHandle
  private boolean woken;

  /** Whether the executor is standing in, and up to when on the clock. Executor only. */
  private boolean standingIn;

  private long stoodInUntil;

  GraphCycle(PcmParameters parameters, int ringBytes, Runnable wake) {
    this.parameters = parameters;
    this.wake = wake;
    frameBytes = parameters.frameBytes();
    ring = new AudioRing(ringBytes);
    latest = new LatestCycle(parameters.bytesPerSecond());
  }

  /**
   * Moves what one buffer takes or has.
   *
   * @return how many frames that is
   * @param buffer address of the {@code pw_buffer}
   * @param data address of its {@code spa_data}, with memory
   * @param mine whether the ring may be touched
   */
  abstract int transfer(long buffer, long data, boolean mine);

  /**
   * Tells {@link #latest} of a cycle, when its audio was transferred.
   *
   * @param began by {@link System#nanoTime()}
   * @param frames of the cycle so far
   * @param time address of the {@link PwTime}
   */
  abstract void note(long began, long frames, long time);

  /** Lets so many bytes of time pass without a graph. */
  abstract void pass(int bytes);

  @Override
  public final void process(long stream) {
    long buffer = LibPipewire.pw_stream_dequeue_buffer(stream);
    if (buffer == 0) {
      return;
    }
    boolean mine = running && TURN.compareAndSet(this, false, true);
    try {
      long data = PwBuffer.data(buffer);
      int frames = data == 0 || PwBuffer.memory(data) == 0 ? 0 : transfer(buffer, data, mine);
      LibPipewire.pw_stream_queue_buffer(stream, buffer);
      noteTime(stream, frames, mine);
    } finally {
      if (mine) {
        TURN.setRelease(this, false);
      }
    }
    if (mine) {
      wake();
    }
  }

  private void noteTime(long stream, int frames, boolean mine) {
    int rate = parameters.rate().hertz();
    LibPipewire.pw_stream_get_time_n(stream, timeAddress, PwTime.SIZE);
    long now = System.nanoTime();
    if (mine) {
      noteCycle(now, frames);
    }
    silentCycles = mine ? 0 : Math.min(silentCycles + 1, SETTLED_CYCLES);
    lastCycle = now;
    lost = false;
    if (!mine) {
      missedCycles.reset();
    } else if (missedCycles.before(PwTime.position(timeAddress, rate), frames)) {
      countXrun();
    }
  }

  /** There may be several buffers in a cycle. */
  private void noteCycle(long now, int frames) {
    long began = PwTime.now(timeAddress);
    if (now - began < 0 || now - began > STALL_NANOS) {
      began = now; // another clock than ours
    }
    cycleFrames = frames + (began == cycleBegan ? cycleFrames : 0);
    cycleBegan = began;
    note(began, cycleFrames, timeAddress);
  }

  /** So many frames that PipeWire tells of, as bytes. */
  final long toBytes(long frames) {
    long most = (long) parameters.rate().hertz() * MOST_SECONDS;
    return Math.max(0, Math.min(frames, most)) * frameBytes;
  }

  /** Runs the executor's wake, unless it has not looked since the last one. Any thread. */
  private void wake() {
    if (!(boolean) WOKEN.getAndSet(this, true)) {
      wake.run();
    }
  }

  /** From now on audio moves. Executor. */
  void start() {
    lastCycle = System.nanoTime();
    standingIn = false;
    running = true;
  }

  /** From now on the ring stays as it is. Executor. */
  void stop() {
    running = false;
  }

  final boolean isRunning() {
    return running;
  }

  /** There will be no cycle for a while. Any thread. */
  final void connectionLost() {
    lost = true;
    wake();
  }

  /** Whether the graph comes for audio. Any thread. */
  final boolean isLive() {
    return !lost && System.nanoTime() - lastCycle < STALL_NANOS;
  }

  /** Whether nothing of what was in the ring is on its way any more. Any thread. */
  final boolean isSettled() {
    return silentCycles >= SETTLED_CYCLES || !isLive();
  }

  /**
   * The executor has come to look: it will be woken again, and stands in for a missing graph.
   *
   * @return whether it stands in
   */
  final boolean attend() {
    WOKEN.setOpaque(this, false);
    VarHandle.fullFence(); // before the ring is looked at, or a wake in between would be lost
    if (!running || isLive()) {
      standingIn = false;
    } else if (TURN.compareAndSet(this, false, true)) {
      try {
        standIn(System.nanoTime());
      } finally {
        TURN.setRelease(this, false);
      }
    }
    return standingIn;
  }

  private void standIn(long now) {
    if (!standingIn) {
      standingIn = true;
      stoodInUntil = now;
      countXrun();
    }
    long rate = parameters.rate().hertz();
    long frames = Math.min(now - stoodInUntil, SECOND) * rate / SECOND;
    if (frames > 0) {
      pass((int) frames * frameBytes);
      stoodInUntil = now;
    }
  }

  /** Counts an underrun or overrun; only by who has the turn. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  final void countXrun() {
    xruns++;
  }

  /** Underruns and overruns so far. Any thread. */
  final long xruns() {
    return xruns;
  }

  /** Frees native memory; neither side uses it any more. */
  final void free() {
    ring.free();
    time.close();
  }
}
