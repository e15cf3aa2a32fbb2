package io.vhost4j.vhostuser.backend;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.memory.GuestMemory;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageType;
import io.vhost4j.vhostuser.protocol.Negotiation;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a frontend, from its first message until everything it gave us is released.
 * Runs on the device's event loop.
 *
 * <p>Messages are obeyed one after the other: while one waits for buffers to come back, no further
 * one is read, so replies keep their order (C2).
 *
 * <p>Memory of the frontend stays mapped until the device has stopped, however long that takes: a
 * device that is stuck holds up this connection and those that wait behind it, but nothing else,
 * and a line in the log says so.
 */
final class BackendSession implements VhostUserChannel.Handler, DeviceContext {
  private static final Logger log = LoggerFactory.getLogger(BackendSession.class);

  /** How long the device may take before the log tells who keeps everybody waiting. */
  static final long PATIENCE_MILLIS = 5000;

  private final Context context;
  private final CardLog cardLog;
  private final VirtioDevice device;
  private final VhostUserChannel channel;
  private final BackendChannel backendChannel = new BackendChannel(this);
  private final List<Vring> vrings = new ArrayList<>();
  private final MessageDispatch dispatch;
  private final Promise<Void> ended = Promise.promise();
  private final long pollNanos;
  private final Runnable firstMessage;

  private Negotiation negotiation;
  private GuestMemory memory = GuestMemory.empty();
  private int status;
  private boolean hasSpoken;
  private boolean over;

  /** Whether a ring has been started since the device was in its initial state. */
  private boolean deviceUsed;

  /**
   * Whether it is open who starts the rings that have all been stopped, see {@link #beforeStart}.
   */
  private boolean undecided;

  /** What the driver had acknowledged when all rings were stopped. */
  private long featuresAtStop;

  /** A new driver has been noticed, and no ring may run before the device is reset. */
  private boolean renewing;

  /** Completes when the device has done the last reset it was asked for; never fails. */
  private Future<Void> lastReset = Future.succeededFuture();

  /**
   * A session that does not read yet.
   *
   * @param context the device's context, whose event loop is the calling thread
   * @param cardLog of the device, for what the frontend or its guest can cause
   * @param socket the connection, owned by the session from now on unless this fails
   * @param counters one per queue
   * @param pollNanos how long to look at an empty ring, see {@link AdaptivePolling}
   * @param firstMessage called when the frontend turns out to be more than a probe
   */
  BackendSession(
      Context context,
      CardLog cardLog,
      VirtioDevice device,
      OwnedFd socket,
      List<QueueCounters> counters,
      long pollNanos,
      Runnable firstMessage)
      throws IOException {
    this.context = context;
    this.cardLog = cardLog;
    this.device = device;
    this.pollNanos = pollNanos;
    this.firstMessage = firstMessage;
    negotiation = new Negotiation(FeatureMessages.offered(device), 0, 0);
    for (QueueCounters counter : counters) {
      vrings.add(new Vring(this, vrings.size(), counter));
    }
    dispatch = new MessageDispatch(this);
    channel = VhostUserChannel.open(context, socket, this);
  }

  /** Begins to serve; the device hears of the frontend. */
  void begin() {
    context.exceptionHandler(this::uncaught);
    try {
      device.connected(this);
    } catch (RuntimeException e) {
      cardLog.error("the device failed", e);
      channel.close("the device failed: " + e);
    }
  }

  /** How long to look at a ring that has run empty, in nanoseconds. */
  long pollNanos() {
    return pollNanos;
  }

  /** Completes when the frontend is gone and nothing of it is left. */
  Future<Void> ended() {
    return ended.future();
  }

  /** Ends the session; {@link #ended()} tells when it is done. */
  void close(String reason) {
    channel.close(reason);
  }

  /** Whether the frontend is gone, so that nothing may be started any more. */
  boolean isOver() {
    return over;
  }

  @Override
  public int maxFds(int request) {
    return MessageType.fdLimit(FrontendMessage.of(request));
  }

  @Override
  public void message(
      VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    if (!hasSpoken) {
      hasSpoken = true;
      cardLog.info("frontend connected");
      firstMessage.run();
    }
    dispatch.message(from, header, payload, fds);
  }

  @Override
  public void closed(VhostUserChannel from, String reason) {
    if (!reason.equals(VhostUserChannel.PEER_CLOSED)) {
      cardLog.warn("disconnected: {}", reason);
    } else if (hasSpoken) {
      cardLog.info("frontend disconnected");
    } else {
      log.debug("{}: somebody connected and has gone without a word", cardLog);
    }
    over = true;
    backendChannel.close();
    resetDevice().onComplete(reset -> end());
  }

  private void end() {
    try {
      device.disconnected();
    } catch (RuntimeException e) {
      cardLog.error("the device failed", e);
    }
    vrings.forEach(Vring::close);
    memory.release();
    context.exceptionHandler(null);
    ended.complete();
  }

  // What the messages work on

  @Override
  public Context context() {
    return context;
  }

  /** The log of the device, for what the frontend or its guest can cause. */
  CardLog cardLog() {
    return cardLog;
  }

  VirtioDevice device() {
    return device;
  }

  List<Vring> vrings() {
    return vrings;
  }

  Negotiation negotiation() {
    return negotiation;
  }

  void negotiation(Negotiation settled) {
    negotiation = settled;
  }

  BackendChannel backendChannel() {
    return backendChannel;
  }

  GuestMemory memory() {
    return memory;
  }

  /** Puts a new table in place of the present one, for running rings too (C26). */
  void memory(GuestMemory table) {
    GuestMemory former = memory;
    memory = table;
    vrings.forEach(vring -> vring.rebind(table));
    former.release();
  }

  int status() {
    return status;
  }

  /**
   * Takes the driver's status. 0 takes all rings out of service and resets the device (C35, C36),
   * unless all rings have been stopped before: that is how QEMU ends both a pause and a reboot, so
   * the next start decides whether the device is to go on, see {@link #beforeStart}.
   */
  Future<Void> status(int wanted) {
    if (wanted == 0) {
      status = 0;
      return isSuspended() ? Future.succeededFuture() : resetDevice();
    }
    status = wanted | (status & DeviceStatus.NEEDS_RESET);
    return Future.succeededFuture();
  }

  /** Whether all rings are stopped (C19). */
  boolean isSuspended() {
    return vrings.stream().noneMatch(Vring::isStarted);
  }

  /** Disables all rings and takes the device back to its initial state (C36, B6). */
  Future<Void> resetDevice() {
    status = 0;
    vrings.forEach(Vring::disable);
    return haltAndReset(Vring::halt).onComplete(done -> vrings.forEach(Vring::rewind));
  }

  /**
   * Notices a driver that begins anew although nobody has reset the device: some frontends only
   * stop the rings when their guest reboots, and stop them in the same way for a pause.
   *
   * <p>A paused driver goes on where its rings stopped, a new one begins at index 0. So a ring that
   * starts at the index above 0 where it stopped proves the first, and one that starts at another
   * index the second. A ring that was at 0 says nothing, unless it lies elsewhere or other features
   * were acknowledged: then one that follows decides. If that finds a new driver, those that have
   * been started meanwhile start again behind the reset.
   */
  Future<Void> beforeStart(Vring vring) {
    if (!(undecided || vring.isLeft()) || vring.isStarted()) {
      return Future.succeededFuture();
    }
    if (vring.goesOn()) {
      undecided = false;
      return Future.succeededFuture();
    }
    boolean otherFeatures = undecided && negotiation.acknowledged() != featuresAtStop;
    if (!vring.isElsewhere() && !otherFeatures) {
      return Future.succeededFuture();
    }
    log.debug("{}: a new driver begins, the device is reset", cardLog);
    renewing = true;
    return haltAndReset(Vring::makeWay)
        .onComplete(
            done -> {
              renewing = false;
              vrings.forEach(Vring::look);
            });
  }

  private Future<Void> haltAndReset(Function<Vring, Future<?>> halt) {
    return afterLastReset(
        () ->
            Future.join(vrings.stream().map(halt).toList())
                .compose(halted -> ask(device::reset))
                .onComplete(
                    done -> {
                      deviceUsed = false;
                      undecided = false;
                      vrings.forEach(Vring::forgetStop);
                    }));
  }

  /** A device is never asked for a second reset before it is done with the first. */
  private Future<Void> afterLastReset(Supplier<Future<Void>> reset) {
    lastReset = lastReset.compose(done -> reset.get());
    return lastReset;
  }

  /**
   * Asks the device for something that may take its time, on whatever thread it is done.
   *
   * @return completes on the event loop and never fails: a failure of the device is only logged, as
   *     there is no way but on
   */
  Future<Void> ask(Supplier<Future<Void>> request) {
    Promise<Void> done = ((ContextInternal) context).promise();
    try {
      request
          .get()
          .onComplete(
              result -> {
                if (result.failed()) {
                  cardLog.error("the device failed", result.cause());
                }
                done.complete();
              });
    } catch (RuntimeException e) {
      cardLog.error("the device failed", e);
      done.complete();
    }
    return patiently(done.future());
  }

  /** Waits as long as it takes, but lets the log know if that is long. */
  private Future<Void> patiently(Future<Void> awaited) {
    if (!awaited.isComplete()) {
      long timer =
          context
              .owner()
              .setTimer(
                  PATIENCE_MILLIS,
                  id -> cardLog.warn("the device does not stop or reset; frontends have to wait"));
      awaited.onComplete(done -> context.owner().cancelTimer(timer));
    }
    return awaited;
  }

  // What rings and device report

  void ringStarted() {
    deviceUsed = true;
    backendChannel.tell();
  }

  /** A ring has been stopped, and it is known where. */
  void ringStopped() {
    if (deviceUsed && isSuspended()) {
      undecided = true;
      featuresAtStop = negotiation.acknowledged();
    }
  }

  /** Whether a ring that is started may run. */
  boolean isReady() {
    return !renewing;
  }

  void ringBroken(Vring vring, String reason) {
    cardLog.warn("queue {} stopped: {}", vring.index(), reason);
    if (negotiation.has(ProtocolFeature.STATUS)) { // B5
      status |= DeviceStatus.NEEDS_RESET;
      configChanged();
    }
  }

  void buffersKept(Vring vring, int count) {
    cardLog.warn(
        "queue {}: the device has not returned {} buffers, their memory is taken away from it",
        vring.index(),
        count);
  }

  void reportBug(Vring vring, Throwable e) {
    cardLog.error("queue {}: the device failed", vring.index(), e);
  }

  /** Guest memory was not there any more when it was accessed. */
  void memoryLost() {
    fail("the frontend has truncated its memory");
  }

  /** What a device throws where nobody else catches it, in a timer for instance. */
  void uncaught(Throwable thrown) {
    if (thrown instanceof InternalError) {
      memoryLost();
    } else {
      cardLog.error("the device failed", thrown);
    }
  }

  @Override
  public void configChanged() {
    backendChannel.configChanged();
  }

  @Override
  public void fail(String reason) {
    context.runOnContext(v -> channel.close(reason));
  }
}
