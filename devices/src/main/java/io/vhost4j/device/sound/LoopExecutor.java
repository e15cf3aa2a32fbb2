package io.vhost4j.device.sound;

import java.util.function.LongSupplier;

/** Serves a stream of an immediate backend on the event loop itself: no hop to another thread. */
final class LoopExecutor extends StreamExecutor {
  private final Runnable drain;
  private final EventLoop.Timer timer;
  private final LongSupplier nanoTime;
  private final EventLoop.Task task;
  private final EventLoop.Task nextTurn;

  private boolean serving;
  private boolean again;

  /** Whether the timer is set, and for when. */
  private boolean armed;

  private long armedFor;

  /**
   * An executor that waits for jobs.
   *
   * @param drain takes what the engine has put into its outbox; event loop only
   * @param nanoTime the engine's clock
   */
  LoopExecutor(StreamEngine engine, Runnable drain, EventLoop loop, LongSupplier nanoTime) {
    super(engine);
    this.drain = drain;
    this.nanoTime = nanoTime;
    this.timer = loop.newTimer(this::expired);
    this.task = loop.newTask(this::submitted);
    this.nextTurn = loop.newTurn(this::turn);
  }

  @Override
  void wake() {
    task.request();
  }

  /** Draining may bring the next command of the stream: that is served by the same call. */
  @Override
  void submitted() {
    again = true;
    if (serving) {
      return;
    }
    serving = true;
    long wait = StreamEngine.FOREVER;
    try {
      while (again) {
        again = false;
        wait = engine.service();
        drain.run();
      }
    } finally {
      serving = false;
    }
    await(wait);
  }

  /** Everybody else on the loop has been served since the audio of the last turn was moved. */
  private void turn() {
    engine.beginTurn();
    submitted();
  }

  private void expired() {
    armed = false;
    submitted();
  }

  /**
   * A timer that is set for an earlier time stays so: to look once too often costs less than to set
   * it for every buffer of a guest that is not paced.
   */
  private void await(long nanos) {
    if (nanos <= 0) {
      nextTurn.request();
    } else if (nanos != StreamEngine.FOREVER) {
      long time = nanoTime.getAsLong() + nanos;
      if (!armed || time - armedFor < 0) {
        armed = true;
        armedFor = time;
        timer.arm(nanos);
      }
    }
  }
}
