package io.vhost4j.device.queue;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.HostThread;
import io.vhost4j.device.LoopTask;
import io.vhost4j.device.VirtioDevice;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests that are obeyed one after the other, by calls of the host that may block: a {@link
 * HostThread} makes each, and meanwhile the others wait. A ring that stops leaves those in it that
 * were not begun (F8), and gives the call that is under way a second to end.
 *
 * <p>What the driver adds in one go has all been taken before the first of it is begun. Event loop
 * only; allocates nothing for a request.
 */
public final class HostRequests implements RequestQueue.Handler {
  /** Who obeys. Event loop only. */
  public interface Worker {
    /**
     * Begins what is to be done next, while no call is under way: {@linkplain HostRequests#take
     * takes} the oldest of the requests that wait, and more if they belong together. It replies to
     * them, or has a thread make a call for them.
     *
     * @param oldest that request, or null if none waits: the worker may have something of its own
     *     to do, as it may before any request
     * @return the thread that was called; null if there was no call, and what was taken has its
     *     reply
     */
    @Nullable HostThread begin(@Nullable Request oldest);

    /**
     * The call has ended: what is under way is to be replied to.
     *
     * @param inTime false if it has not, and was given up
     */
    void ended(boolean inTime);

    /** A thread that is still with a call which was given up is free again. */
    default void free() {}

    /** Replies with an error, as the ring stops: the memory of it or of another may be gone. */
    void fail(Request request);
  }

  /** What a call has left when the ring stops. */
  private static final long STOP_MILLIS = 1000;

  private final RequestQueue queue;
  private final Worker worker;

  private final ArrayDeque<Request> waiting = new ArrayDeque<>();
  private final List<Request> underWay = new ArrayList<>();

  /** The one with a call, if any. */
  private @Nullable HostThread busy;

  private boolean inTime;
  private @Nullable LoopTask begin;

  private final Runnable goOn = this::goOn;
  private final Runnable end = this::end;

  private final HostThread.Caller caller =
      new HostThread.Caller() {
        @Override
        public void ended(boolean hasEnded) {
          inTime = hasEnded;
          queue.batch(end);
        }

        @Override
        public void free() {
          worker.free();
        }
      };

  /**
   * A queue that has not started.
   *
   * @see RequestQueue#RequestQueue
   */
  public HostRequests(
      int headerBytes, int statusBytes, StatusPlace place, int bound, Worker worker) {
    this.worker = worker;
    queue = new RequestQueue(headerBytes, statusBytes, place, bound, this);
  }

  /** The queue whose requests these are. */
  public RequestQueue queue() {
    return queue;
  }

  /** To be called when the device is {@linkplain VirtioDevice#connected connected}. */
  public void connected(DeviceContext device) {
    waiting.clear(); // the memory of the last frontend may have been gone
    underWay.clear();
    begin = new LoopTask(device, () -> queue.batch(goOn));
  }

  /** The same for a thread that the worker has make calls. */
  public void connected(DeviceContext device, HostThread thread) {
    thread.connected(device, caller);
  }

  /** The worker has something of its own to do: it is asked in a turn of its own. */
  public void wake() {
    LoopTask task = begin;
    if (task != null) {
      task.request();
    }
  }

  /** The call that is under way, if there is one, is not waited for as long as others. */
  public void hurry() {
    HostThread thread = busy;
    if (thread != null) {
      thread.hurry(STOP_MILLIS);
    }
  }

  /**
   * Takes the oldest request that waits: it is under way now.
   *
   * @return the next one that waits, or null
   */
  public @Nullable Request take() {
    underWay.add(waiting.removeFirst());
    return waiting.peekFirst();
  }

  /** What was taken and has not been replied to, in order; the worker leaves it alone. */
  public List<Request> underWay() {
    return underWay;
  }

  @Override
  public void handle(Request request) {
    waiting.add(request);
    wake();
  }

  private void goOn() {
    while (busy == null) {
      Request oldest = waiting.peekFirst();
      try {
        busy = worker.begin(oldest);
      } catch (RuntimeException | Error e) {
        dropUnderWay();
        throw e;
      }
      if (busy == null) {
        underWay.clear();
        if (oldest == null) {
          return;
        }
      }
    }
  }

  private void end() {
    busy = null;
    try {
      worker.ended(inTime);
    } catch (RuntimeException | Error e) {
      dropUnderWay();
      throw e;
    }
    underWay.clear();
    goOn();
  }

  /**
   * There is no reply, as the memory for it is gone; but the ring, which may be stopping, wants its
   * chains back.
   */
  private void dropUnderWay() {
    underWay.forEach(Request::drop);
    underWay.clear();
  }

  @Override
  public void stopping(Request request) {
    while (!waiting.isEmpty()) {
      Request latest = waiting.removeLast();
      if (!latest.putBack()) {
        fail(latest);
      }
    }
    hurry();
  }

  private void fail(Request request) {
    if (request.isOpen()) {
      try {
        worker.fail(request);
      } catch (InternalError e) { // the memory is gone, but the ring wants its chains back
        request.drop();
      }
    }
  }
}
