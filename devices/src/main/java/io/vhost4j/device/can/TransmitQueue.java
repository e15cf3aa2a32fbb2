package io.vhost4j.device.can;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceQueue;
import io.vhost4j.device.QueueHandler;
import io.vhost4j.virtqueue.ChainWriter;
import io.vhost4j.virtqueue.DescriptorChain;
import io.vhost4j.virtqueue.VirtqueueException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The tx queue: each buffer a frame to be sent, and room for a byte that says whether it was.
 *
 * <p>Frames go to the bus in the order of the ring. One for which the bus has no room holds up
 * those behind it, which stay in the ring, so that a pause of the guest loses nothing (F8). Those
 * that the bus has and has not confirmed are replied to when it does (L6), or when they are lost.
 * Event loop only; allocates nothing for a frame.
 */
final class TransmitQueue implements QueueHandler {
  /** Takes frames to the bus. */
  @FunctionalInterface
  interface Sender {
    CanBus.Sent send(CanFrame frame);
  }

  private static final byte OK = 0;
  private static final byte NOT_OK = 1;

  /** Most frames that wait for a confirmation; Linux sends 128. */
  private static final int MAX_UNDERWAY = 256;

  /**
   * At so many checks a frame has to look lost until it is: controllers with several mailboxes do
   * not keep the order of sending.
   */
  private static final int CHECKS = 3;

  /** How long a ring that stops waits for confirmations. */
  private static final long PATIENCE_MILLIS = 100;

  /** A frame and its buffer, from when it is taken until it is replied to. */
  private static final class Transmission {
    final CanFrame frame = new CanFrame();
    @Nullable DescriptorChain chain;
    boolean confirmed;

    /** Counts what the bus takes. */
    long number;

    /** At so many checks on end it has looked lost. */
    int checks;
  }

  private final Sender sender;
  private final CanCounters counters;
  private final List<Transmission> free = new ArrayList<>();

  /** What the bus has, the oldest first. */
  private final List<Transmission> underway = new ArrayList<>();

  private int confirmed;

  /** Frames that the bus has ever taken: the number of the last one. */
  private long taken;

  /** The highest number of a frame that was confirmed. */
  private long newest;

  /** What was confirmed last, {@link #taken} at that time, and whether it was since the check. */
  private final CanFrame last = new CanFrame();

  private long takenBeforeLast;
  private boolean heard;

  /** The frame that the bus has no room for. */
  private @Nullable Transmission waiting;

  private @Nullable DeviceQueue ring;
  private @Nullable Promise<Void> stopping;

  TransmitQueue(Sender sender, CanCounters counters) {
    this.sender = sender;
    this.counters = counters;
  }

  @Override
  public void started(DeviceQueue running) {
    ring = running;
    stopping = null;
  }

  @Override
  public void available(DeviceQueue running) throws VirtqueueException {
    Transmission next = waiting == null ? take(running) : waiting;
    waiting = null;
    while (next != null && transmit(next)) {
      next = take(running);
    }
  }

  /** The next frame of the driver; what is none is replied to. */
  private @Nullable Transmission take(DeviceQueue running) throws VirtqueueException {
    while (underway.size() < MAX_UNDERWAY) {
      DescriptorChain chain = running.next();
      if (chain == null) {
        return null;
      }
      if (chain.writer().size() == 0) { // no room for a reply (H4)
        running.complete(chain, 0);
        continue;
      }
      Transmission taken = free.isEmpty() ? new Transmission() : free.remove(free.size() - 1);
      taken.chain = chain;
      boolean isFrame = taken.frame.read(chain.reader());
      chain.deliverFaults();
      if (isFrame) {
        return taken;
      }
      reply(taken, NOT_OK);
    }
    return null;
  }

  /** Returns false if the bus has no room for it. */
  private boolean transmit(Transmission next) {
    switch (sender.send(next.frame)) {
      case DONE -> reply(next, OK);
      case REFUSED -> reply(next, NOT_OK);
      case UNDERWAY -> {
        next.confirmed = false;
        next.number = ++taken;
        next.checks = 0;
        underway.add(next);
      }
      case FULL -> {
        waiting = next;
        return false;
      }
    }
    return true;
  }

  private void reply(Transmission done, byte result) {
    DescriptorChain chain = Objects.requireNonNull(done.chain);
    done.chain = null;
    free.add(done);
    if (result == OK) {
      counters.sent++;
    } else {
      counters.refused++;
    }
    int written = 0;
    try {
      ChainWriter writer = chain.writer();
      writer.position(0);
      writer.writeByte(result);
      chain.deliverFaults();
      written = 1;
    } finally { // the memory may be gone, but the ring wants its chain back
      Objects.requireNonNull(ring).complete(chain, written);
    }
  }

  /**
   * The bus has a frame: of several like it the oldest, but rather one that was not overtaken, as
   * those that were may be lost. The driver is told by {@link #goOn}.
   */
  void confirm(CanFrame frame) {
    Transmission match = null;
    for (int i = 0; i < underway.size() && (match == null || isOvertaken(match)); i++) {
      Transmission each = underway.get(i);
      if (!each.confirmed && (match == null || !isOvertaken(each)) && each.frame.isSameAs(frame)) {
        match = each;
      }
    }
    if (match != null) {
      match.confirmed = true;
      confirmed++;
      newest = Math.max(newest, match.number);
      last.copy(frame);
      takenBeforeLast = taken;
      heard = true;
    }
  }

  private boolean isOvertaken(Transmission each) {
    return each.number < newest;
  }

  /**
   * Whether it may be what was confirmed last: of frames that are alike nobody can tell which one
   * was lost. While the bus confirms any, it may still come to this one.
   */
  private boolean isMistaken(Transmission each) {
    return !heard && each.number <= takenBeforeLast && each.frame.isSameAs(last);
  }

  /** How many frames the bus has and has not confirmed. */
  int underway() {
    return underway.size();
  }

  /**
   * Fails frames that have looked lost for some seconds; one that the bus merely has not come to
   * does not look so.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  void failLost() {
    DeviceQueue running = ring;
    if (running == null) {
      return;
    }
    int before = underway.size();
    for (int i = 0; i < underway.size(); ) {
      Transmission each = underway.get(i);
      boolean looksLost = !each.confirmed && (isOvertaken(each) || isMistaken(each));
      each.checks = looksLost ? each.checks + 1 : 0;
      if (each.checks >= CHECKS) {
        reply(underway.remove(i), NOT_OK);
      } else {
        i++;
      }
    }
    heard = false;
    if (underway.size() < before) {
      look(running);
    }
  }

  /** Confirmations may be missing: the bus has had what it took. */
  void confirmAll() {
    for (int i = 0; i < underway.size(); i++) {
      underway.get(i).confirmed = true;
    }
    confirmed = underway.size();
  }

  /**
   * Replies to what is confirmed, and takes what had to wait.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  void goOn() {
    DeviceQueue running = ring;
    if (running == null) {
      return;
    }
    for (int i = 0; confirmed > 0; ) {
      if (underway.get(i).confirmed) {
        confirmed--;
        reply(underway.remove(i), OK);
      } else {
        i++;
      }
    }
    look(running);
  }

  /**
   * Fails whatever has not been confirmed (L2, L7). The sender is to refuse frames by now, so those
   * in the ring fail too.
   *
   * @throws InternalError if the frontend has cut its memory short
   */
  void cancel() {
    DeviceQueue running = ring;
    if (running == null) {
      return;
    }
    confirmed = 0;
    while (!underway.isEmpty()) {
      reply(underway.remove(0), NOT_OK);
    }
    look(running);
  }

  private void look(DeviceQueue running) {
    if (stopping != null) {
      stopWhenDone();
      return;
    }
    try {
      available(running);
    } catch (VirtqueueException e) {
      // The engine knows, and stops this ring.
    }
    running.flush();
  }

  /** What the bus does not have stays in the ring (F8); confirmations are waited for a little. */
  @Override
  public Future<Void> stop(DeviceQueue running) {
    Promise<Void> promise = Promise.promise();
    stopping = promise;
    Transmission unsent = waiting;
    waiting = null;
    if (unsent != null) {
      if (!running.putBack(Objects.requireNonNull(unsent.chain))) {
        throw new IllegalStateException("a frame that was taken after the only one that waits");
      }
      unsent.chain = null;
      free.add(unsent);
    }
    stopWhenDone();
    if (!underway.isEmpty()) {
      Vertx.currentContext().owner().setTimer(PATIENCE_MILLIS, id -> giveUp(promise));
    }
    return promise.future();
  }

  private void stopWhenDone() {
    Promise<Void> promise = stopping;
    if (underway.isEmpty() && promise != null) {
      ring = null;
      promise.tryComplete();
    }
  }

  private void giveUp(Promise<Void> promise) {
    if (promise.future().isComplete()) {
      return;
    }
    confirmed = 0;
    while (!underway.isEmpty()) {
      try {
        reply(underway.remove(0), NOT_OK);
      } catch (InternalError e) {
        // The memory is gone, but the ring has its chain back.
      }
    }
    stopWhenDone();
  }
}
