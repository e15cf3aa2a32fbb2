package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Context;
import io.vhost4j.event.EventFd;
import io.vhost4j.event.FdRegistration;
import io.vhost4j.virtqueue.DriverQueue;
import io.vhost4j.virtqueue.VirtqueueException;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A ring of a backend as its driver sees it: the ring itself and the eventfds beside it.
 *
 * <p>Either give a handler to {@link #onUsed(UsedHandler)} and use {@link #driver()} on the event
 * loop, or give none and use the ring on a thread of your own that waits with {@code
 * call().await(-1)}.
 */
public final class FrontendQueue {
  private final int index;
  private final DriverQueue driver;
  private final Context context;
  private final Consumer<String> broken;
  private final EventFd kick = EventFd.create();
  private final EventFd call = EventFd.create();
  private final EventFd error = EventFd.create();
  private int base;
  private @Nullable FdRegistration used;
  private @Nullable FdRegistration failed;

  FrontendQueue(Context context, int index, DriverQueue driver, Consumer<String> broken) {
    this.context = context;
    this.broken = broken;
    this.index = index;
    this.driver = driver;
    this.base = driver.startIndex();
  }

  /** Index of the queue within its device. */
  public int index() {
    return index;
  }

  /** The ring. One thread at a time. */
  public DriverQueue driver() {
    return driver;
  }

  /** Shows the device the chains added so far, and kicks it if it wants that. */
  public void publish() {
    driver.publish();
    if (driver.needsKick()) {
      kick.signal();
    }
  }

  /** The eventfd that wakes the device; stays this queue's. */
  public EventFd kick() {
    return kick;
  }

  /** The eventfd that the device signals when it has used buffers; stays this queue's. */
  public EventFd call() {
    return call;
  }

  /** The eventfd that the device signals when it gives the ring up; stays this queue's. */
  public EventFd error() {
    return error;
  }

  /** Where the device stands: the index it starts from, or that it stopped at. */
  public int base() {
    return base;
  }

  /** What to do with a chain that the device has returned. Called on the event loop. */
  @FunctionalInterface
  public interface UsedHandler {
    /**
     * Takes a chain back; its descriptors are free again.
     *
     * @param head identifies the chain, as {@link DriverQueue#add} returned it
     * @param length bytes that the device has written
     */
    void used(int head, long length);
  }

  /**
   * Hands every chain that the device returns to {@code handler} from now on, those first that it
   * has returned already. The connection is closed if the device writes nonsense into the used
   * ring. Event loop only, once.
   */
  public void onUsed(UsedHandler handler) throws IOException {
    used = call.watch(context, () -> takeUsed(handler));
    takeUsed(handler);
  }

  private void takeUsed(UsedHandler handler) {
    try {
      do {
        for (int head = driver.poll(); head >= 0; head = driver.poll()) {
          handler.used(head, driver.usedLength());
        }
      } while (driver.enableNotifications());
    } catch (VirtqueueException e) {
      broken.accept("queue " + index + ": " + e.getMessage());
    } catch (InternalError e) {
      broken.accept("queue " + index + ": the backend has truncated the memory");
    }
  }

  /**
   * Calls {@code handler} on the event loop when the device has given this ring up or the
   * connection is lost. Event loop only, once.
   */
  public void onError(Runnable handler) throws IOException {
    failed = error.watch(context, handler::run);
  }

  void stoppedAt(int index) {
    base = index;
  }

  /** The connection is gone: nobody else will signal. */
  void wakeAll() {
    call.signal();
    error.signal();
  }

  void close() {
    kick.close();
    if (used != null) {
      used.close();
    }
    if (failed != null) {
      failed.close();
    }
    call.close();
    error.close();
  }
}
