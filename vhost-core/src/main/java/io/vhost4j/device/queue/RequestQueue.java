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
 * A queue of requests, each in a buffer of its own that has room for the reply: in any pieces (H2),
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
     * for it; what a driver needs no more is better replied to with an error.
     */
    default void stopping(Request request) {}

    /** A request was replied to. */
    default void replied(long status) {}
  }

  private final int headerBytes;
  private final int statusBytes;
  private final StatusPlace place;
  private final int bound;
  private final Handler handler;

  /* Of the present run of the ring: who replies to a request of an earlier one is not heard. */
  private List<Request> all = List.of();
  private List<Request> free = List.of();

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

  @Override
  public void started(DeviceQueue running) {
    free = new ArrayList<>();
    for (int i = Math.min(bound, running.size()); i > 0; i--) {
      free.add(new Request(this, free, headerBytes));
    }
    all = List.copyOf(free);
    stopping = null;
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
    if (room < statusBytes || (place == StatusPlace.LAST && room > Integer.MAX_VALUE)) {
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

  /** Returns how many bytes of the room for a reply have been written, from its start on. */
  int writeStatus(ChainWriter writer, long status) {
    long end = writer.position();
    if (place == StatusPlace.LAST) {
      end = writer.size();
      writer.writeZeros(end - statusBytes - writer.position());
    } else {
      writer.position(0);
    }
    for (int i = 0; i < statusBytes; i++) {
      writer.writeByte((byte) (status >> (Byte.SIZE * i)));
    }
    return Math.toIntExact(end);
  }

  /** A request has a reply. */
  void replied(Request request, DeviceQueue running, long status) {
    handler.replied(status);
    if (request.pool() != free) {
      return;
    }
    Promise<Void> waiting = stopping;
    if (waiting != null) {
      completeWhenDone(waiting);
      return;
    }
    free.add(request);
    if (inBatch) {
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
  public Future<Void> stop(DeviceQueue running) {
    Promise<Void> waiting = Promise.promise();
    stopping = waiting;
    for (Request request : all) {
      if (request.isOpen()) {
        try {
          handler.stopping(request);
        } catch (InternalError e) {
          // The memory is gone, but the ring has its chain back.
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
