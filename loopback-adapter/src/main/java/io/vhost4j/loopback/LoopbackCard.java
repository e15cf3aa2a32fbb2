package io.vhost4j.loopback;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioDevice;
import io.vhost4j.engine.Polling;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device of this machine, at a node of the module virtio-loopback or as a device of VDUSE, from
 * {@link #start} to {@link #close}: it comes, and when it broke or who serves it is gone, it goes,
 * and comes again as soon as it can. A node stays taken meanwhile. Methods may be called by any
 * thread.
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

  /** How often it is looked whether a driver is through with the card. */
  private static final long LOOK_MILLIS = 5;

  /** How long others wait for a driver that has not even begun: there may be none. */
  private static final long BEGIN_NANOS = 2_000_000_000L;

  /** The same for one that has begun. */
  private static final long SETTLE_NANOS = 5_000_000_000L;

  /**
   * How long a driver is kept waiting: above what a daemon may take for one reply, so that it is
   * the daemon that is told of in the log.
   */
  private static final int QUESTION_MILLIS = 15_000;

  private static final int MESSAGES_PER_TURN = 16;

  private static final Logger log = LoggerFactory.getLogger(LoopbackCard.class);

  private final KernelSide side;
  private final int index;
  private final CardServer server;
  private final ContextInternal context;
  private final Slot slot = new Slot();
  private final Promise<Void> firstCard;
  private final Promise<Void> settled;

  private boolean waits;
  private volatile @Nullable CardNode node;

  /** Counts the cards, so that no late answer goes to the next one. */
  private int generation;

  private boolean attached;

  /** The card is being taken away: it still asks. */
  private boolean leaving;

  /** The present card's driver has asked something. */
  private boolean begun;

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
    public CardNode node() {
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

  private LoopbackCard(KernelSide side, int index, CardServer server) {
    this.side = side;
    this.index = index;
    this.server = server;
    this.context = (ContextInternal) server.context();
    this.firstCard = context.promise();
    this.settled = context.promise();
  }

  /**
   * A card that is served in this process.
   *
   * @param vertx has the native transport
   * @param side what of the kernel is to make the card
   * @param index N of {@code /dev/loopback-N} or {@code /dev/vduse/loopback-N}
   * @param device served by this card alone, which closes it in the end
   * @param polling how long to look at rings that have run empty
   * @param queueSize descriptors of each queue, a power of 2; the device may have less
   */
  public static LoopbackCard ofDevice(
      Vertx vertx,
      KernelSide side,
      int index,
      VirtioDevice device,
      Polling polling,
      int queueSize) {
    String label = "%s loopback-%d".formatted(device.name(), index);
    return new LoopbackCard(
        side, index, new LoopbackTransport(vertx, device, polling, queueSize, label));
  }

  /**
   * A card that a vhost-user daemon serves.
   *
   * @param vertx has the native transport
   * @param side what of the kernel is to make the card
   * @param index N of {@code /dev/loopback-N} or {@code /dev/vduse/loopback-N}
   * @param socket where the daemon listens
   * @param queueCount how many queues of the daemon are used
   * @param queueSize descriptors of each queue, a power of 2
   */
  public static LoopbackCard ofDaemon(
      Vertx vertx,
      KernelSide side,
      int index,
      Path socket,
      DeviceKind kind,
      int queueCount,
      int queueSize) {
    return new LoopbackCard(
        side, index, new LoopbackAdapter(vertx, socket, kind, queueCount, queueSize));
  }

  /** Where it is, and who serves it, for people. */
  @Override
  public String toString() {
    CardNode at = node;
    return "%s (%s)".formatted(at == null ? "loopback-" + index : at.name(), server.name());
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

  /**
   * For who wants the kernel to number several cards in their order.
   *
   * @return completes when a driver has done with the first card all that others could overtake it
   *     in, or none does so soon, or there is no card yet; never fails
   */
  public Future<Void> settled() {
    return settled.future();
  }

  private CardNode node() {
    CardNode at = node;
    if (at == null) {
      throw new IllegalStateException("the node is not open");
    }
    return at;
  }

  private void attempt() {
    timer = null;
    if (closing != null) {
      return;
    }
    // What is thrown counts as a failure too, or nobody would ever hear of it.
    Future<Void> begun = context.succeededFuture();
    attempt =
        begun
            .compose(done -> open())
            .compose(done -> node().removeFormer()) // however long the daemon is waited for
            .compose(done -> server.begin(slot))
            .compose(this::attach)
            .compose(done -> arrived())
            .recover(this::failed);
  }

  private Future<Void> open() {
    try {
      CardNode at = node;
      if (at == null) {
        at = side.open(index, server.deviceType(), context, this::lost);
        node = at;
      }
      slot.features = at.features();
      return Future.succeededFuture();
    } catch (LoopbackException e) {
      return Future.failedFuture(e);
    }
  }

  private Future<Void> attach(CardOffer offer) {
    int most = node().maxConfig();
    if (offer.config().remaining() > most) {
      return Future.failedFuture(
          new LoopbackException(
              "%s: %d bytes of configuration are more than the kernel takes, %d"
                  .formatted(this, offer.config().remaining(), most),
              false));
    }
    return node().attach(offer, QUESTION_MILLIS);
  }

  private Future<Void> arrived() {
    attached = true;
    arrivedAt = System.nanoTime();
    begun = false;
    running = false;
    int mine = ++generation;
    try {
      server.attached();
      node().watch(() -> takeMessages(mine));
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    return node()
        .plug()
        .transform(
            plugged -> {
              if (!isPresent(mine) || leaving) {
                return Future.succeededFuture(); // it was lost meanwhile, or is closed
              }
              if (plugged.failed()) {
                return Future.failedFuture(plugged.cause());
              }
              log.info("{}: the card is there", this);
              lastProblem = "";
              timer = context.setTimer(DRIVER_MILLIS, id -> missDriver(mine));
              firstCard.tryComplete();
              lookWhetherSettled(mine);
              return Future.succeededFuture();
            });
  }

  private void lookWhetherSettled(int whose) {
    if (settled.future().isComplete()) {
      return;
    }
    if (isPresent(whose) && !isBound() && mayBindSoon()) {
      long unused = context.setTimer(LOOK_MILLIS, id -> lookWhetherSettled(whose));
    } else {
      settled.tryComplete();
    }
  }

  private boolean mayBindSoon() {
    return System.nanoTime() - arrivedAt < (begun ? SETTLE_NANOS : BEGIN_NANOS);
  }

  private boolean isBound() {
    try {
      return node().isBound();
    } catch (LoopbackException e) {
      return false; // it has gone again, which the log is told
    }
  }

  private void missDriver(int whose) {
    if (isPresent(whose) && !running) {
      log.warn(
          "{}: no driver has started the device yet: is it loaded? 'sudo modprobe {}', and see"
              + " 'dmesg'",
          this,
          node().modules(server.driver()));
    }
  }

  /** What a failure says to people, in one line. */
  private LoopbackException problem(Throwable failure) {
    if (failure instanceof LoopbackException known) {
      return known;
    }
    if (failure instanceof OutOfMemoryError) {
      return new LoopbackException(
          "%s: Java is out of memory (%s): allow it more, such as VHOST4J_OPTS=-Xmx128m"
              .formatted(this, failure.getMessage()),
          false);
    }
    if (failure instanceof IOException || failure instanceof UncheckedIOException) {
      return new LoopbackException("%s: %s".formatted(this, failure.getMessage()), false);
    }
    log.error("{}: a defect of the program", this, failure);
    return new LoopbackException("%s: a defect: %s".formatted(this, failure), false);
  }

  /** The card did not come: tells it, and tries again if that may help. */
  private Future<Void> failed(Throwable failure) {
    LoopbackException problem = problem(failure);
    String message = String.valueOf(problem.getMessage());
    return leave()
        .map(
            done -> {
              if (!firstCard.future().isComplete() && !(waits && problem.mayPass())) {
                firstCard.tryFail(problem);
              } else {
                if (!message.equals(lastProblem)) {
                  lastProblem = message;
                  log.info("{}: waiting: {}", this, message);
                }
                tryLater(RETRY_MILLIS);
              }
              settled.tryComplete();
              return null;
            });
  }

  private void tryLater(long millis) {
    if (closing == null) {
      timer = context.setTimer(millis, id -> attempt());
    }
  }

  private void lost(String reason) {
    if (!attached) {
      return;
    }
    node().abandon();
    if (closing == null && !leaving) {
      log.warn("{}: the card is taken away: {}", this, reason);
      boolean lasted = System.nanoTime() - arrivedAt > LASTING_NANOS;
      retryMillis = lasted ? RETRY_MILLIS : Math.min(2 * retryMillis, LONGEST_RETRY_MILLIS);
      attempt = leave().onComplete(done -> tryLater(retryMillis));
    }
  }

  /** Takes the card away, if it is there, and lets go of all that was for it. */
  private Future<Void> leave() {
    cancelTimer();
    if (!attached) {
      return server.end();
    }
    leaving = true;
    return node()
        .detach()
        .eventually(
            () -> {
              leaving = false;
              attached = false;
              generation++;
              return server.end();
            });
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
        CardNode.Message message = node().read();
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
      String broken = node().broken();
      return broken == null ? String.valueOf(e.getMessage()) : broken;
    } catch (LoopbackException none) {
      return String.valueOf(e.getMessage());
    }
  }

  private void obey(CardNode.Message message, int whose) {
    // What is thrown is the answer too: somebody in the kernel waits for one.
    Future<Void> begun = context.succeededFuture();
    begun
        .compose(
            done ->
                switch (message.type()) {
                  case STATUS -> status(message);
                  case CONFIG_WRITE -> server.writeConfig(message.offset(), message.data());
                  case OTHER ->
                      Future.failedFuture("the kernel asks what this program does not know");
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

  private Future<Void> status(CardNode.Message message) {
    int status = message.status();
    begun = true;
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
      return ", " + node().busName();
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
    settled.tryComplete();
    attempt
        .eventually(this::leave)
        .eventually(
            () -> {
              CardNode at = node;
              if (at != null) {
                at.close();
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
