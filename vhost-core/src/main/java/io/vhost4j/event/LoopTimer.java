package io.vhost4j.event;

import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.event.FdRegistration.Interest;
import io.vhost4j.nativeio.SystemClock;
import io.vhost4j.nativeio.TimerFd;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Precise deadlines on an event loop: one timerfd and a heap of deadlines that are made once and
 * scheduled often. Scheduling and cancelling allocate nothing; with nothing scheduled the loop is
 * never woken. Event loop only.
 *
 * <p>Vert.x has timers of a millisecond; an audio stream needs its periods on time to the
 * microsecond.
 */
public final class LoopTimer implements AutoCloseable {
  private final Context context;
  private final TimerFd timer;
  private final FdRegistration registration;
  private @Nullable Deadline[] heap = new @Nullable Deadline[8];
  private int size;
  private long sequence;
  private boolean running;
  private long now;
  private long wakeUps;

  /** A moment at which something is to be done, again and again. Event loop only. */
  public final class Deadline {
    private final Runnable action;
    private int position = -1;
    private long time;
    private long order;

    private Deadline(Runnable action) {
      this.action = action;
    }

    /**
     * Calls the action once, as soon as {@link System#nanoTime()} has reached {@code nanoTime}, and
     * in a later turn of the loop in any case. Replaces what was scheduled before.
     */
    public void schedule(long nanoTime) {
      LoopTimer.this.schedule(this, nanoTime);
    }

    /** Nothing happens until {@link #schedule(long)} is called again. */
    public void cancel() {
      if (position >= 0) {
        boolean first = position == 0;
        remove(this);
        if (first) {
          arm();
        }
      }
    }

    /** Whether the action is still to come. */
    public boolean isScheduled() {
      return position >= 0;
    }
  }

  private LoopTimer(Context context, TimerFd timer) throws IOException {
    this.context = context;
    this.timer = timer;
    this.registration = FdRegistration.open(context, timer.fd(), Interest.READ_EDGE, this::expired);
  }

  /**
   * A timer on the event loop of {@code context}, which is the calling thread.
   *
   * @param context the context that the actions are called in
   */
  public static LoopTimer create(Context context) throws IOException {
    return new LoopTimer(context, TimerFd.create(SystemClock.MONOTONIC));
  }

  /** A new deadline, not scheduled. What the action throws goes to the context. */
  public Deadline deadline(Runnable action) {
    return new Deadline(action);
  }

  /** How often the timer has woken the loop. */
  public long wakeUps() {
    return wakeUps;
  }

  /** Forgets all deadlines and frees the descriptor. */
  @Override
  public void close() {
    for (int i = 0; i < size; i++) {
      at(i).position = -1;
    }
    Arrays.fill(heap, null);
    size = 0;
    registration.close();
  }

  private void schedule(Deadline deadline, long nanoTime) {
    boolean wasFirst = deadline.position == 0;
    if (deadline.position >= 0) {
      remove(deadline);
    }
    // What an action schedules into the past does not overtake those that are due already.
    deadline.time = running && nanoTime - now < 0 ? now : nanoTime;
    deadline.order = sequence++;
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    siftUp(size++, deadline);
    if (wasFirst || deadline.position == 0) {
      arm();
    }
  }

  /** Sets the timerfd to the first deadline. */
  private void arm() {
    if (running || !registration.fd().isOpen()) {
      return;
    }
    try {
      if (size == 0) {
        timer.disarm();
      } else {
        timer.arm(at(0).time - System.nanoTime());
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot set the timer", e);
    }
  }

  private void expired() {
    wakeUps++;
    now = System.nanoTime();
    // A deadline that an action schedules into the past waits for the next turn: order tells.
    long end = sequence;
    running = true;
    try {
      while (size > 0 && at(0).time - now <= 0 && at(0).order < end) {
        Deadline next = at(0);
        remove(next);
        run(next.action);
      }
    } finally {
      running = false;
      arm();
    }
  }

  private void run(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException | Error e) {
      ((ContextInternal) context).reportException(e);
    }
  }

  private void remove(Deadline deadline) {
    int hole = deadline.position;
    deadline.position = -1;
    Deadline last = at(--size);
    heap[size] = null;
    if (last != deadline) {
      siftDown(hole, last);
      if (last.position == hole) {
        siftUp(hole, last);
      }
    }
  }

  private void siftUp(int hole, Deadline deadline) {
    int at = hole;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      if (!before(deadline, at(parent))) {
        break;
      }
      put(at, at(parent));
      at = parent;
    }
    put(at, deadline);
  }

  private void siftDown(int hole, Deadline deadline) {
    int at = hole;
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(at(child + 1), at(child))) {
        child++;
      }
      if (!before(at(child), deadline)) {
        break;
      }
      put(at, at(child));
      at = child;
    }
    put(at, deadline);
  }

  private void put(int position, Deadline deadline) {
    heap[position] = deadline;
    deadline.position = position;
  }

  private Deadline at(int position) {
    return Objects.requireNonNull(heap[position]);
  }

  private static boolean before(Deadline one, Deadline other) {
    long difference = one.time - other.time;
    return difference < 0 || (difference == 0 && one.order < other.order);
  }
}
