package io.vhost4j.device.queue;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import org.jspecify.annotations.Nullable;

/**
 * A queue whose buffers the driver posts ahead, for the device to fill when it has something to
 * tell: entropy, events, received data. Whatever comes first waits for the other: buffers in the
 * ring, for as long as it takes, and events in their {@link Source}, which decides how many it
 * keeps.
 *
 * <p>Each event gets one buffer (H7), and only one buffer is out of the ring at a time. A driver
 * can thus not make the device hold anything, and a ring that stops keeps every buffer: a pause
 * changes nothing. Event loop only; allocates nothing.
 */
public final class PostedBuffers implements QueueHandler {
  /** Where the events come from. Event loop only. */
  @FunctionalInterface
  public interface Source {
    /**
     * Writes the next event into a buffer, whole or not at all: one for which there is no room is
     * to be dropped, or it would stay in the way. If this throws, the buffer waits for the next
     * start of the ring, or the next call of {@link PostedBuffers#fill()}.
     *
     * @param buffer at the start of the buffer's writable part
     * @return bytes written from the start on; 0 if there is no event, and nothing was written: the
     *     buffer then waits for {@link PostedBuffers#fill()}
     */
    int fill(ChainWriter buffer);

    /** Whether a buffer is of use. One that is not goes back with nothing written. */
    default boolean fits(DescriptorChain buffer) {
      return buffer.writer().size() > 0;
    }
  }

  private final Source source;

  private @Nullable DeviceQueue queue;

  /** The oldest buffer of the driver, while there is no event for it. */
  private @Nullable DescriptorChain waiting;

  private boolean filling;

  /** A queue that is filled from {@code source}. */
  public PostedBuffers(Source source) {
    this.source = source;
  }

  @Override
  public void started(DeviceQueue running) {
    queue = running;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    if (filling) {
      return; // the source has more, which it says while it is asked: it will be asked again
    }
    filling = true;
    try {
      DescriptorChain buffer = waiting == null ? running.next() : waiting;
      while (buffer != null && answer(running, buffer)) {
        buffer = running.next();
      }
    } finally {
      filling = false;
    }
  }

  /**
   * To be called when there are events that were not there before, in one go for any number of
   * them. Does nothing while the queue does not run: when it does, the source will be asked.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  public void fill() {
    DeviceQueue running = queue;
    if (running == null) {
      return;
    }
    try {
      available(running);
    } catch (VirtqueueException e) {
      // The engine knows, and stops this ring.
    }
    running.flush();
  }

  /** Gives the buffer back, unless it has to wait. */
  private boolean answer(DeviceQueue running, DescriptorChain buffer) {
    waiting = buffer; // also if the source throws: Linux's hwrng never gets over an empty one (R2)
    buffer.writer().position(0); // where it began when it threw, or the memory did
    int written = 0;
    if (source.fits(buffer)) {
      written = source.fill(buffer.writer());
      buffer.deliverFaults();
      if (written == 0) {
        return false;
      }
    }
    waiting = null;
    running.complete(buffer, written);
    return true;
  }

  /** Leaves the buffer in the ring (F8): nothing of the driver's memory is touched for nothing. */
  @Override
  public Future<Void> stop(DeviceQueue running) {
    DescriptorChain buffer = waiting;
    if (buffer != null && !running.putBack(buffer)) {
      throw new IllegalStateException("a buffer that was taken after the only one there is");
    }
    waiting = null;
    queue = null;
    return Future.succeededFuture();
  }
}
