package io.vhost4j.device;

import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread of a device for calls of the host that may block: one at a time, asked for on the event
 * loop and heard of there when it ends. A call that takes too long is given up, as Linux' drivers
 * wait without end: its answer does not count any more, and until it ends after all there is no
 * other. So a call touches nothing of the guest, and what it works on is its own until {@link
 * #isFree()}.
 *
 * <p>Event loop only. To call allocates nothing.
 */
public final class HostThread implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HostThread.class);

  /** How often somebody looks whether a call takes too long. */
  private static final long LOOK_MILLIS = 100;

  /** Who asks for calls. */
  @FunctionalInterface
  public interface Caller {
    /**
     * A call has ended. On the event loop.
     *
     * @param inTime false if it has not, and was given up
     */
    void ended(boolean inTime);

    /** A call that was given up has ended after all: there can be others. On the event loop. */
    default void free() {}
  }

  private final Runnable call;
  private final Runnable last;
  private final Thread thread;

  /** Set by the loop, taken away by the thread with the end of the call. */
  private volatile boolean asked;

  private volatile boolean closed;
  private volatile @Nullable LoopTask look;

  /* Of the loop. */
  private @Nullable ContextInternal context;
  private @Nullable Caller caller;
  private boolean waiting;

  /** A call was given up, and nobody has heard yet that it has ended. */
  private boolean gaveUp;

  private boolean looking;
  private long deadline;

  /**
   * Starts the thread.
   *
   * @param name that of the thread
   * @param call what it does each time; may block, and throws nothing
   * @param last what it does in the end, when it is closed: to close the host's file
   * @throws IOException if there is no thread to be had
   */
  public HostThread(String name, Runnable call, Runnable last) throws IOException {
    this.call = call;
    this.last = last;
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError e) { // which is what Java says of threads too
      throw new IOException("the system has no thread left: end others, or allow more", e);
    }
  }

  /** The device is {@linkplain VirtioDevice#connected connected}: who calls from now on. */
  public void connected(DeviceContext device, Caller whoCalls) {
    context = (ContextInternal) device.context();
    caller = whoCalls;
    looking = false;
    LoopTask task = new LoopTask(device, this::look);
    look = task;
    if (gaveUp) {
      task.request(); // its end may have been told to the last connection
    }
  }

  /**
   * Whether a call can be asked for: none is under way, and of the end of one that was given up the
   * caller {@linkplain Caller#free() has heard}.
   */
  public boolean isFree() {
    return !waiting && !gaveUp && !closed;
  }

  /**
   * Has the call made, while this {@linkplain #isFree() is free}.
   *
   * @param millis longest time that it may take
   */
  public void call(long millis) {
    waiting = true;
    deadline = System.nanoTime() + millis * 1_000_000;
    asked = true;
    LockSupport.unpark(thread);
    lookLater();
  }

  /** The call that is waited for, if there is one, is waited for no longer than this. */
  public void hurry(long millis) {
    long sooner = System.nanoTime() + millis * 1_000_000;
    if (sooner - deadline < 0) {
      deadline = sooner;
    }
  }

  /** One timer for however many calls follow each other. */
  private void lookLater() {
    LoopTask task = look;
    ContextInternal device = context;
    if (!looking && task != null && device != null) {
      looking = true;
      long unused =
          device.setTimer(
              LOOK_MILLIS,
              id -> {
                looking = false;
                task.request();
              });
    }
  }

  private void look() {
    if (closed) {
      return;
    }
    if (waiting && !asked) {
      end(true);
    } else if (waiting && System.nanoTime() - deadline > 0) {
      end(false);
    }
    if (waiting) {
      lookLater();
    } else if (gaveUp && !asked) {
      gaveUp = false;
      Caller told = caller;
      if (told != null) {
        told.free();
      }
    }
  }

  private void end(boolean inTime) {
    waiting = false;
    gaveUp = !inTime;
    Caller told = caller;
    if (told != null) {
      told.ended(inTime);
    }
  }

  private void run() {
    while (!closed) {
      if (!asked) {
        LockSupport.park(this);
        continue;
      }
      try {
        call.run();
      } catch (RuntimeException | Error e) {
        LOG.error("{} failed", thread.getName(), e);
      }
      asked = false;
      LoopTask task = look;
      try {
        if (task != null) {
          task.request();
        }
      } catch (RejectedExecutionException e) {
        LOG.debug("{}: nobody hears of the end of a call", thread.getName(), e);
      }
    }
    last.run();
  }

  /** The thread ends, now or with the call that it is in, and nobody hears of that. Any thread. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
