package io.vhost4j.sound;

import java.util.concurrent.atomic.AtomicBoolean;

/** Serves a stream of an immediate backend on the event loop itself: no hop to another thread. */
final class LoopExecutor implements StreamExecutor {
  private final StreamEngine engine;
  private final Runnable drain;
  private final EventLoop loop;
  private final EventLoop.Timer timer;
  private final Runnable task = this::runTask;
  private final AtomicBoolean queued = new AtomicBoolean();

  private boolean serving;
  private boolean again;

  /**
   * An executor that waits for jobs.
   *
   * @param drain takes what the engine has put into its outbox; event loop only
   */
  LoopExecutor(StreamEngine engine, Runnable drain, EventLoop loop) {
    this.engine = engine;
    this.drain = drain;
    this.loop = loop;
    this.timer = loop.newTimer(this::serve);
  }

  @Override
  public void submitted() {
    serve();
  }

  @Override
  public void wake() {
    if (queued.compareAndSet(false, true)) {
      loop.execute(task);
    }
  }

  private void runTask() {
    queued.set(false);
    serve();
  }

  /** Draining may bring the next command of the stream: that is served by the same call. */
  private void serve() {
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

  private void await(long nanos) {
    if (nanos == StreamEngine.FOREVER) {
      timer.disarm();
    } else if (nanos > 0) {
      timer.arm(nanos);
    } else {
      timer.disarm();
      wake();
    }
  }
}
