package io.vhost4j.device;

import io.vertx.core.internal.ContextInternal;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Something that a device does on its event loop whenever one of its threads asks for it, to bring
 * to the rings what the host had to say. Asked for several times before it runs, it runs once: look
 * for all there is. To ask allocates nothing and never waits.
 */
public final class LoopTask {
  private final DeviceContext device;
  private final ContextInternal context;
  private final Runnable task;
  private final Runnable run = this::run;
  private final AtomicBoolean requested = new AtomicBoolean();

  /**
   * A task of the device that {@code device} was {@linkplain VirtioDevice#connected given to}. What
   * it throws ends the connection: an InternalError means that the frontend has cut its memory
   * short.
   */
  public LoopTask(DeviceContext device, Runnable task) {
    this.device = device;
    this.context = (ContextInternal) device.context();
    this.task = task;
  }

  /**
   * Has the task run on the event loop in the device's context, after what the loop does now. Any
   * thread.
   *
   * @throws java.util.concurrent.RejectedExecutionException if the loop has been shut down
   */
  public void request() {
    if (requested.compareAndSet(false, true)) {
      try {
        context.nettyEventLoop().execute(run);
      } catch (RuntimeException | Error e) { // or nobody could ever ask again
        requested.set(false);
        throw e;
      }
    }
  }

  private void run() {
    requested.set(false); // first: what comes from here on may be seen by the task, or may not
    ContextInternal previous = context.beginDispatch();
    try {
      task.run();
    } catch (InternalError e) {
      device.fail("the frontend has cut its memory short");
    } catch (RuntimeException | Error e) {
      device.fail("the device failed: " + e);
      context.reportException(e);
    } finally {
      context.endDispatch(previous);
    }
  }
}
