package io.vhost4j.loopback;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.Polling;
import io.vhost4j.event.FdRegistration;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device of this machine at a node of the module virtio-loopback, from {@link #start} to {@link
 * #close}: it comes, and when it broke or who serves it is gone, it goes, and comes again as soon
 * as it can. The node stays taken meanwhile. Methods may be called by any thread.
 */
public final class LoopbackCard {
  /** Until it is tried again to have a card. */
  private static final long RETRY_MILLIS = 500;

  /** The same behind cards that do not last. */
  private static final long LONGEST_RETRY_MILLIS = 30_000;

  /** What is a card that lasts. */
  private static final long LASTING_NANOS = 10_000_000_000L;

  /** How long a driver may take until the log asks where it is. */
  private static final long DRIVER_MILLIS = 10_000;

  /**
   * How long a driver is kept waiting: above what a daemon may take for one reply, so that it is
   * the daemon that is told of in the log.
   */
  private static final int QUESTION_MILLIS = 15_000;

  private static final int MESSAGES_PER_TURN = 16;

  private static final Logger log = LoggerFactory.getLogger(LoopbackCard.class);

  private final int index;
  private final CardServer server;
  private final ContextInternal context;
  private final Slot slot = new Slot();
  private final Promise<Void> firstCard;

  private boolean waits;
  private @Nullable LoopbackNode node;
  private @Nullable FdRegistration registration;

  /** Counts the cards, so that no late answer goes to the next one. */
  private int generation;

  private boolean attached;
  private boolean running;
  private long arrivedAt;
  private long retryMillis = RETRY_MILLIS;
  private String lastProblem = "";
  private @Nullable Long timer;

  /** Completes when the present attempt is through. */
  private Future<Void> attempt = Future.succeededFuture();

  private @Nullable Future<Void> closing;

  private final class Slot implements CardSlot {
    private long features;

    @Override
    public LoopbackNode node() {
      return LoopbackCard.this.node();
    }

    @Override
    public long possibleFeatures() {
      return features;
    }

    @Override
    public void lost(String reason) {
      LoopbackCard.this.lost(reason);
    }
  }

  private LoopbackCard(int index, CardServer server) {
    this.index = index;
    this.server = server;
    this.context = (ContextInternal) server.context();
    this.firstCard = context.promise();
  }

  /**
   * A card that is served in this process.
   *
   * @param vertx has the native transport
   * @param index N of {@code /dev/loopback-N}
   * @param device served by this card alone, which closes it in the end
   * @param polling how long to look at rings that have run empty
   * @param queueSize descriptors of each queue, a power of 2; the device may have less
   */
  public static LoopbackCard ofDevice(
      Vertx vertx, int index, VirtioDevice device, Polling polling, int queueSize) {
    String label = "%s %s".formatted(device.name(), LoopbackNode.path(index));
    return new LoopbackCard(index, new LoopbackTransport(vertx, device, polling, queueSize, label));
  }

  /**
   * A card that a vhost-user daemon serves.
   *
   * @param vertx has the native transport
   * @param index N of {@code /dev/loopback-N}
   * @param socket where the daemon listens
   * @param queueCount how many queues of the daemon are used
   * @param queueSize descriptors of each queue, a power of 2
   */
  public static LoopbackCard ofDaemon(
      Vertx vertx, int index, Path socket, DeviceKind kind, int queueCount, int queueSize) {
    return new LoopbackCard(index, new LoopbackAdapter(vertx, socket, kind, queueCount, queueSize));
  }

  /** Where it is, and who serves it, for people. */
  @Override
  public String toString() {
    return "%s (%s)".formatted(LoopbackNode.path(index), server.name());
  }

  /**
   * Has the card come.
   *
   * @param wait whether a node or a daemon that is not there yet is waited for
   * @return completes when it is on the bus; fails with a {@link LoopbackException} if it cannot
   */
  public Future<Void> start(boolean wait) {
    context.runOnContext(
        v -> {
          waits = wait;
          attempt();
        });
    return firstCard.future();
  }

  private LoopbackNode node() {
    if (node == null) {
      throw new IllegalStateException("the node is not open");
    }
    return node;
  }

  private void attempt() {
    timer = null;
    if (closing != null) {
      return;
    }
    attempt =
        open()
            .compose(done -> server.begin(slot))
            .compose(this::attach)
            .compose(
                done -> {
                  try {
                    arrived();
                    return Future.<Void>succeededFuture();
                  } catch (IOException e) {
                    return Future.<Void>failedFuture(e);
                  }
                })
            .recover(this::failed);
  }

  private Future<Void> open() {
    try {
      if (node == null) {
        node = LoopbackNode.open(index);
      }
      slot.features = node.info().features();
      return Future.succeededFuture();
    } catch (LoopbackException e) {
      return Future.failedFuture(e);
    }
  }

  /** Not on the event loop: the former card may take its time to leave. */
  private Future<Void> attach(CardOffer offer) {
    if (offer.config().remaining() > LoopbackNode.MAX_CONFIG) {
      return Future.failedFuture(
          new LoopbackException(
              "%s: %d bytes of configuration are more than the module takes, %d"
                  .formatted(this, offer.config().remaining(), LoopbackNode.MAX_CONFIG),
              false));
    }
    LoopbackNode at = node();
    return context.executeBlocking(
        () -> {
          at.attach(offer, QUESTION_MILLIS);
          return null;
        },
        false);
  }

  private void arrived() throws IOException {
    attached = true;
    arrivedAt = System.nanoTime();
    running = false;
    int mine = ++generation;
    server.attached();
    registration =
        FdRegistration.open(
            context,
            node().watchable(),
            FdRegistration.Interest.READ_LEVEL,
            () -> takeMessages(mine));
    log.info("{}: the card is there", this);
    lastProblem = "";
    timer = context.setTimer(DRIVER_MILLIS, id -> missDriver(mine));
    firstCard.tryComplete();
  }

  private void missDriver(int whose) {
    if (isPresent(whose) && !running) {
      log.warn(
          "{}: no driver has started the device yet: is it loaded? 'sudo modprobe {}', and see"
              + " 'dmesg'",
          this,
          server.driver());
    }
  }

  /** The card did not come: tells it, and tries again if that may help. */
  private Future<Void> failed(Throwable failure) {
    boolean known = failure instanceof LoopbackException;
    String problem = String.valueOf(known ? failure.getMessage() : failure.toString());
    if (!known) {
      log.error("{}: a defect of the program", this, failure);
    }
    return leave()
        .map(
            done -> {
              boolean mayPass = failure instanceof LoopbackException e && e.mayPass();
              if (!firstCard.future().isComplete() && !(waits && mayPass)) {
                firstCard.tryFail(failure);
              } else {
                if (!problem.equals(lastProblem)) {
                  lastProblem = problem;
                  log.info("{}: waiting: {}", this, problem);
                }
                tryLater(RETRY_MILLIS);
              }
              return null;
            });
  }

  private void tryLater(long millis) {
    if (closing == null) {
      timer = context.setTimer(millis, id -> attempt());
    }
  }

  private void lost(String reason) {
    if (attached && closing == null) {
      log.warn("{}: the card is taken away: {}", this, reason);
      boolean lasted = System.nanoTime() - arrivedAt > LASTING_NANOS;
      retryMillis = lasted ? RETRY_MILLIS : Math.min(2 * retryMillis, LONGEST_RETRY_MILLIS);
      attempt = leave().onComplete(done -> tryLater(retryMillis));
    }
  }

  /** Takes the card away, if it is there, and lets go of all that was for it. */
  private Future<Void> leave() {
    cancelTimer();
    if (attached) {
      attached = false;
      generation++;
      if (registration != null) {
        registration.close();
        registration = null;
      }
      node().detach();
    }
    return server.end();
  }

  private void cancelTimer() {
    if (timer != null) {
      context.owner().cancelTimer(timer);
      timer = null;
    }
  }

  private boolean isPresent(int whose) {
    return attached && generation == whose;
  }

  private void takeMessages(int whose) {
    try {
      for (int i = 0; i < MESSAGES_PER_TURN && isPresent(whose); i++) {
        LoopbackNode.Message message = node().read();
        if (message == null) {
          return;
        }
        obey(message, whose);
      }
    } catch (LoopbackException e) {
      lost(whyBroken(e));
    }
  }

  private String whyBroken(LoopbackException e) {
    try {
      String broken = node().state().broken();
      return broken == null ? String.valueOf(e.getMessage()) : broken;
    } catch (LoopbackException none) {
      return String.valueOf(e.getMessage());
    }
  }

  private void obey(LoopbackNode.Message message, int whose) {
    // What is thrown is the answer too: somebody in the kernel waits for one.
    Future<Void> begun = context.succeededFuture();
    begun
        .compose(
            done ->
                switch (message.type()) {
                  case STATUS -> status(message);
                  case CONFIG_WRITE -> server.writeConfig(message.offset(), message.data());
                  case OTHER ->
                      Future.failedFuture("the module asks what this program does not know");
                })
        .onComplete(
            result -> {
              if (isPresent(whose)) {
                if (result.failed()) {
                  log.warn("{}: not done: {}", this, result.cause().getMessage());
                }
                node().reply(message, result.succeeded());
              }
            });
  }

  private Future<Void> status(LoopbackNode.Message message) {
    int status = message.status();
    if (status == 0 || (status & DeviceStatus.FAILED) != 0) {
      if (running) {
        log.info("{}: the driver has let go of the device", this);
      } else if (status != 0) {
        log.warn("{}: the driver has given up: see 'dmesg'", this);
      }
      running = false;
      return server.reset();
    }
    if ((status & DeviceStatus.DRIVER_OK) != 0) {
      return server
          .start()
          .onSuccess(
              done -> {
                running = true;
                log.info("{}: the driver has started the device{}", this, busName());
              });
    }
    return server.negotiated(message.features());
  }

  /** What the kernel calls the device, which it has done by now. */
  private String busName() {
    try {
      return ", " + node().state().name();
    } catch (LoopbackException e) {
      return ""; // it has gone again, which the log is told
    }
  }

  /**
   * Takes the card away for good.
   *
   * @return completes when node, memory and whoever serves it are let go; the same future at each
   *     call
   */
  public Future<Void> close() {
    Promise<Void> promise = context.promise();
    context.runOnContext(v -> closeOnLoop().onComplete(promise));
    return promise.future();
  }

  private Future<Void> closeOnLoop() {
    Future<Void> present = closing;
    if (present != null) {
      return present;
    }
    cancelTimer();
    // First, as an attempt under way looks at it.
    Promise<Void> closed = context.promise();
    closing = closed.future();
    attempt
        .eventually(this::leave)
        .eventually(
            () -> {
              if (node != null) {
                node.close();
                node = null;
              }
              return server.close();
            })
        .onComplete(
            done -> {
              firstCard.tryFail(new LoopbackException("closed before the card came", false));
              closed.complete();
            });
    return closed.future();
  }
}
