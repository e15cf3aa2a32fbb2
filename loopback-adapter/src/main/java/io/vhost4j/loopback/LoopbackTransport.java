package io.vhost4j.loopback;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.DeviceSession;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.Polling;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.engine.Transport;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Serves the cards of a node with a device of this process, by the engine. */
final class LoopbackTransport implements CardServer, Transport {
  private final DeviceEngine engine;
  private final int queueSize;
  private @Nullable CardSlot slot;
  private @Nullable DeviceSession session;

  /** Why the device cannot serve the card that is to come; null if it can. */
  private @Nullable String failure;

  /** There is a card to be told of changes of configuration space. */
  private boolean isAttached;

  /** That has changed since the card was offered, and it does not know. */
  private boolean hasChanged;

  private @Nullable QueueBell[] bells = new QueueBell[0];

  /**
   * @param device closed with this object
   * @param polling how long to look at rings that have run empty
   * @param queueSize descriptors of each queue, if the device takes as many
   * @param label names the card in the device's log
   */
  LoopbackTransport(
      Vertx vertx, VirtioDevice device, Polling polling, int queueSize, String label) {
    this.engine = DeviceEngine.create(vertx, device, polling, () -> label);
    this.queueSize = Math.min(queueSize, device.maxQueueSize());
  }

  @Override
  public Context context() {
    return engine.context();
  }

  @Override
  public String name() {
    return engine.name();
  }

  @Override
  public int deviceType() {
    return engine.device().deviceType();
  }

  @Override
  public String driver() {
    return DeviceKind.ofType(deviceType()).driver();
  }

  private CardSlot slot() {
    if (slot == null) {
      throw new IllegalStateException("there is no card");
    }
    return slot;
  }

  private DeviceSession session() {
    if (session == null) {
      throw new IllegalStateException("there is no card");
    }
    return session;
  }

  @Override
  public Future<CardOffer> begin(CardSlot free) {
    VirtioDevice device = engine.device();
    slot = free;
    failure = null;
    isAttached = false;
    hasChanged = false;
    session = engine.open(this);
    bells = new QueueBell[device.queueCount()];
    session.begin();
    try {
      DeviceKind kind = DeviceKind.ofType(device.deviceType());
      return Future.succeededFuture(
          new CardOffer(
              device.deviceType(),
              engine.features() & free.possibleFeatures(),
              kind.queues(device, queueSize),
              config()));
    } catch (RefusedException e) {
      return Future.failedFuture(new LoopbackException(String.valueOf(e.getMessage()), false));
    }
  }

  private ByteBuffer config() throws RefusedException {
    ByteBuffer config = ByteBuffer.allocate(session().configSize());
    session().readConfig(0, config);
    return config.flip();
  }

  @Override
  public void attached() throws LoopbackException {
    if (failure != null) {
      throw new LoopbackException("%s: %s".formatted(engine.name(), failure), true);
    }
    isAttached = true;
    if (hasChanged) {
      try {
        tellConfig(true);
      } catch (RefusedException e) {
        throw new LoopbackException("%s: %s".formatted(engine.name(), e.getMessage()), false);
      }
    }
  }

  @Override
  public Future<Void> negotiated(long features) {
    try {
      session().acknowledge(features);
      return Future.succeededFuture();
    } catch (RefusedException e) {
      return Future.failedFuture(e);
    }
  }

  @Override
  public Future<Void> start() {
    CardNode node = slot().node();
    List<Future<?>> started = new ArrayList<>();
    try {
      session().memory(node.map());
      for (EngineQueue queue : session().queues()) {
        CardNode.Place place = node.queue(queue.index());
        if (place.size() > 0) {
          queue.setSize(place.size());
          queue.setBase(0);
          queue.setAddresses(
              new VringAddresses(place.descriptors(), place.available(), place.used()));
          QueueBell bell = new QueueBell(queue.index());
          bells[queue.index()] = bell;
          bell.watch(engine.context(), queue::look);
          node.connect(bell);
          started.add(queue.start());
          queue.enable();
        }
      }
    } catch (RefusedException | GuestMemoryException | IOException e) {
      return Future.failedFuture(e);
    }
    return Future.all(started)
        .compose(
            done ->
                session()
                    .status(
                        DeviceStatus.ACKNOWLEDGE
                            | DeviceStatus.DRIVER
                            | DeviceStatus.FEATURES_OK
                            | DeviceStatus.DRIVER_OK));
  }

  @Override
  public Future<Void> reset() {
    return session().reset().onComplete(done -> closeBells());
  }

  private void closeBells() {
    for (int i = 0; i < bells.length; i++) {
      QueueBell bell = bells[i];
      if (bell != null) {
        bell.close();
        bells[i] = null;
      }
    }
  }

  @Override
  public Future<Void> writeConfig(int offset, ByteBuffer bytes) {
    try {
      session().writeConfig(offset, bytes);
      tellConfig(false);
      return Future.succeededFuture();
    } catch (RefusedException | LoopbackException e) {
      return Future.failedFuture(e);
    }
  }

  private void tellConfig(boolean notify) throws RefusedException, LoopbackException {
    ByteBuffer config = config();
    if (config.hasRemaining()) {
      slot().node().config(0, config, notify);
    }
  }

  @Override
  public Future<Void> end() {
    DeviceSession present = session;
    if (present == null) {
      return Future.succeededFuture();
    }
    session = null;
    return present.close().onComplete(done -> closeBells());
  }

  @Override
  public Future<Void> close() {
    return engine.close();
  }

  // What the engine asks

  @Override
  public boolean notifyDriver(int queue) {
    QueueBell bell = bells[queue];
    if (bell != null) {
      bell.call().signal();
    }
    return true;
  }

  @Override
  public void queueBroken(int queue) {
    // The module has no word for NEEDS_RESET (B5): the card goes and comes again.
    engine.context().runOnContext(v -> disconnect("queue " + queue + " cannot go on"));
  }

  @Override
  public void configChanged() {
    if (!isAttached) {
      hasChanged = true;
      return;
    }
    try {
      tellConfig(true);
    } catch (RefusedException | LoopbackException e) {
      disconnect(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void disconnect(String reason) {
    if (session != null) {
      failure = reason;
      slot().lost(reason);
    }
  }
}
