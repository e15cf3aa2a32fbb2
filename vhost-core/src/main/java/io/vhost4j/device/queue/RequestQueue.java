package io.vhost4j.device.queue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A queue of requests, each in a buffer of its own that has room for the reply: in any pieces (V4),
 * in any number up to a bound, replied to at once or later and in any order.
 *
 * <p>A buffer without room for a status goes back with nothing done and nothing written (H4), any
 * other becomes a {@link Request}, however odd it is (H1). More than the bound stay in the ring,
 * where they wait for replies to others. Event loop only; allocates nothing for a request.
 */
public final class RequestQueue implements QueueHandler {
  /** Whom requests concern. Event loop only. */
  @FunctionalInterface
  public interface Handler {
    /** Obeys a request. It has to be {@linkplain Request#reply replied} to once, now or later. */
    void handle(Request request);

    /**
     * The ring stops, and there is no reply to a request so far. Without one here the ring waits
     * for it; what was not begun is better {@linkplain Request#putBack left in the ring}, and what
     * a driver needs no more replied to with an error.
     */
    default void stopping(Request request) {}

    /** A request was replied to. */
    default void replied(long status) {}
  }

  /**
   * Most zeros between data and a status at the end: a guest must not keep the loop busy with its
   * errors. Where there are more, the driver is told of the data alone, which it may be (H6, V8).
   */
  private static final int MAX_ZEROS = 1 << 16;

  private final int headerBytes;
  private final int statusBytes;
  private final StatusPlace place;
  private final int bound;
  private final Handler handler;

  /* Of the present run of the ring: who replies to a request of an earlier one is not heard. */
  private int run;
  private List<Request> all = List.of();
  private List<Request> free = List.of();

  private @Nullable DeviceQueue ring;
  private boolean inBatch;

  /** There are buffers in the ring that were not taken, as there are too many requests. */
  private boolean full;

  private @Nullable Promise<Void> stopping;

  /**
   * A queue that has not started.
   *
   * @param headerBytes so much of each request is copied, see {@link Request#header()}
   * @param statusBytes length of a status, 1 to 8 bytes
   * @param place where the status goes
   * @param bound most requests without a reply, above 0
   */
  public RequestQueue(
      int headerBytes, int statusBytes, StatusPlace place, int bound, Handler handler) {
    this.headerBytes = headerBytes;
    this.statusBytes = statusBytes;
    this.place = place;
    this.bound = bound;
    this.handler = handler;
  }

  int statusBytes() {
    return statusBytes;
  }

  /** Where the data of a reply begins in its room. */
  int dataStart() {
    return place == StatusPlace.FIRST ? statusBytes : 0;
  }

  /**
   * Has several requests replied to, of which the driver is told once.
   *
   * @param replies not called within {@link Handler#handle}
   */
  public void batch(Runnable replies) {
    inBatch = true;
    try {
      replies.run();
    } finally {
      inBatch = false;
      goOn();
    }
  }

  /** Takes what had to wait for a reply, and tells the driver of the replies. */
  private void goOn() {
    DeviceQueue running = ring;
    if (running == null || inBatch) {
      return;
    }
    if (full) {
      try {
        available(running);
      } catch (VirtqueueException e) {
        // The engine knows, and stops this ring.
      }
    }
    running.flush();
  }

  @Override
  public void started(DeviceQueue running) {
    run++;
    free = new ArrayList<>();
    for (int i = Math.min(bound, running.size()); i > 0; i--) {
      free.add(new Request(this, run, headerBytes));
    }
    all = List.copyOf(free);
    stopping = null;
    ring = running;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    inBatch = true;
    try {
      DescriptorChain chain = free.isEmpty() ? null : running.next();
      while (chain != null) {
        take(running, chain);
        chain = free.isEmpty() ? null : running.next();
      }
    } finally {
      full = free.isEmpty();
      inBatch = false;
    }
  }

  private void take(DeviceQueue running, DescriptorChain chain) {
    long room = chain.writer().size();
    if (room < statusBytes) {
      running.complete(chain, 0);
      return;
    }
    Request request = free.remove(free.size() - 1);
    try {
      request.begin(running, chain);
      handler.handle(request);
    } catch (RuntimeException | Error e) { // the engine is about to stop the ring
      request.drop(); // and somebody may know it still, so it is not for the pool
      throw e;
    }
  }

  /** Returns how many bytes of the room for a reply have been written, from its start on (H5). */
  int writeStatus(ChainWriter writer, long status) {
    long written = writer.position();
    if (place == StatusPlace.LAST) {
      long gap = writer.size() - statusBytes - written;
      if (gap <= MAX_ZEROS) {
        writer.writeZeros(gap);
        written = writer.size();
      }
      writer.position(writer.size() - statusBytes);
    } else {
      writer.position(0);
    }
    for (int i = 0; i < statusBytes; i++) {
      writer.writeByte((byte) (status >> (Byte.SIZE * i)));
    }
    return (int) Math.min(written, Integer.MAX_VALUE);
  }

  /** A request has a reply. */
  void replied(Request request, long status) {
    handler.replied(status);
    if (request.run() != run) {
      return;
    }
    Promise<Void> waiting = stopping;
    if (waiting != null) {
      completeWhenDone(waiting);
      return;
    }
    free.add(request);
    goOn();
  }

  /** A chain is back without a reply. */
  void dropped() {
    Promise<Void> waiting = stopping;
    if (waiting != null) {
      completeWhenDone(waiting);
    }
  }

  @Override
  public Future<Void> stop(DeviceQueue running) {
    Promise<Void> waiting = Promise.promise();
    stopping = waiting;
    ring = null;
    for (Request request : all) {
      if (request.isOpen()) {
        try {
          handler.stopping(request);
        } catch (InternalError e) { // the memory is gone, but the ring wants its chain back
          request.drop();
        }
      }
    }
    completeWhenDone(waiting);
    return waiting.future();
  }

  private void completeWhenDone(Promise<Void> waiting) {
    for (Request request : all) {
      if (request.isOpen()) {
        return;
      }
    }
    waiting.tryComplete();
  }
}
