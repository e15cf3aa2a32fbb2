package io.vhost4j.device.queue;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.virtqueue.ChainReader;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import org.jspecify.annotations.Nullable;

/**
 * A queue whose buffers the device reads, one after the other, and gives back with nothing written:
 * bytes of a stream, or messages. It is the counterpart of {@link PostedBuffers}.
 *
 * <p>A {@link Sink} that has no room for more leaves a buffer where it is, and says when there is:
 * the driver's other buffers wait in the ring meanwhile, and so does the driver when that is full.
 * Only one buffer is out of the ring at a time, and when the ring stops it is put back (F8): where
 * the driver goes on, as after a pause, the sink gets the rest of it and no byte twice. Event loop
 * only; allocates nothing.
 */
public final class ReadBuffers implements QueueHandler {
  /** Where the bytes go. Event loop only. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Reads of a buffer what there is room for.
     *
     * @param buffer goes on where the sink has left it. What it reads is the guest's: a message is
     *     to be copied before it is looked at
     * @return true if the sink is done with the buffer, false if it is to be left with the device
     *     until {@link ReadBuffers#resume()}
     */
    boolean take(ChainReader buffer);
  }

  private final Sink sink;

  private @Nullable DeviceQueue queue;

  /** The buffer that the sink is not done with. */
  private @Nullable DescriptorChain held;

  /** Bytes of the next buffer that the sink has had before the ring stopped. */
  private long taken;

  private boolean taking;

  /** A queue whose buffers {@code sink} reads. */
  public ReadBuffers(Sink sink) {
    this.sink = sink;
  }

  @Override
  public void started(DeviceQueue running) {
    queue = running;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    if (taking) {
      return; // the sink has room, which it says while it is asked: it is asked again
    }
    taking = true;
    try {
      DescriptorChain buffer = held == null ? next(running) : held;
      while (buffer != null && offer(running, buffer)) {
        buffer = next(running);
      }
    } finally {
      taking = false;
    }
  }

  private @Nullable DescriptorChain next(DeviceQueue running) throws VirtqueueException {
    DescriptorChain buffer = running.next();
    if (buffer != null) {
      buffer.reader().position(Math.min(taken, buffer.reader().size()));
      taken = 0;
    }
    return buffer;
  }

  /** Gives the buffer back, unless the sink wants more of it later. */
  private boolean offer(DeviceQueue running, DescriptorChain buffer) {
    held = buffer; // also if the sink throws, or the memory does
    boolean done = sink.take(buffer.reader());
    buffer.deliverFaults();
    if (done) {
      held = null;
      running.complete(buffer, 0);
    }
    return done;
  }

  /**
   * To be called when the sink has room that it did not have before. Does nothing while the queue
   * does not run: when it does, the sink will be asked.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  public void resume() {
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

  /** Whether a buffer waits for room. */
  public boolean isHolding() {
    return held != null;
  }

  /** To be called at {@link VirtioDevice#reset()}: no driver goes on with the buffer. */
  public void reset() {
    taken = 0;
  }

  /** Leaves the buffer in the ring (F8). */
  @Override
  public Future<Void> stop(DeviceQueue running) {
    DescriptorChain buffer = held;
    if (buffer != null) {
      taken = buffer.reader().size() - buffer.reader().remaining();
      if (!running.putBack(buffer)) {
        throw new IllegalStateException("a buffer that was taken after the only one there is");
      }
    }
    held = null;
    queue = null;
    return Future.succeededFuture();
  }
}
