package io.vhost4j.device.sound;

import io.vhost4j.audio.AudioException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Serves a stream on a thread of its own, for backends that may wait for the host.
 *
 * <p>A plain thread, and not a worker context of Vert.x: it stays with its stream, sleeps until a
 * moment in nanoseconds and is woken without allocation or a lock, which neither a task queue nor
 * the blocked-thread checker of worker pools is made for. It begins with the first command that
 * needs the backend and ends with the stream's reset.
 */
final class WorkerExecutor extends StreamExecutor {
  private final Runnable drain;
  private final ThreadFactory threads;
  private final String name;
  private final EventLoop.Task drainTask;

  /** There from the first job on for which a thread was to be had. */
  private volatile @Nullable Thread thread;

  /**
   * Set by {@link #wake()}: look again before sleeping. The permit of {@link LockSupport} is not
   * enough, as a backend that waits for a lock may use it up.
   */
  private volatile boolean woken;

  /**
   * An executor whose thread starts with the first job.
   *
   * @param drain takes what the engine has put into its outbox; run on the event loop
   * @param threads makes the thread
   * @param name that of the thread
   */
  WorkerExecutor(
      StreamEngine engine, Runnable drain, EventLoop loop, ThreadFactory threads, String name) {
    super(engine);
    this.drain = drain;
    this.drainTask = loop.newTask(drain);
    this.threads = threads;
    this.name = name;
  }

  /**
   * Wakes the thread, or starts it. If the system has none left (a container's limit of processes),
   * the jobs fail here and now, and the next ones try again.
   */
  @Override
  void submitted() {
    if (thread != null) {
      wake();
      return;
    }
    try {
      Thread starting = threads.newThread(this::run);
      starting.setName(name);
      starting.setDaemon(true);
      thread = starting; // first: the backend may wake it at any time
      starting.start();
    } catch (OutOfMemoryError e) { // that is what Thread.start throws
      thread = null;
      engine.refuse(
          new AudioException(
              "no thread for the stream can be started ("
                  + e.getMessage()
                  + "); allow the process more of them, see ulimit -u and the container's pids"));
      drain.run();
    }
  }

  @Override
  void wake() {
    woken = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!engine.isClosed()) {
      try {
        serve();
      } catch (Throwable t) { // a fault in guest memory can surface late
        engine.fail(t);
        drainTask.request();
      }
    }
  }

  private void serve() {
    woken = false;
    engine.beginTurn();
    long wait = engine.service();
    if (engine.hasOutput()) {
      drainTask.request();
    }
    if (wait > 0 && !woken && !engine.isClosed()) {
      if (wait == StreamEngine.FOREVER) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, wait);
      }
    }
  }
}
