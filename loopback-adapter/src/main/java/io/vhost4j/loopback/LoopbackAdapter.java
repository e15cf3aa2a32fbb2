package io.vhost4j.loopback;

import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.EventFd;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.frontend.FrontendOptions;
import io.vhost4j.vhostuser.frontend.VhostUserFrontend;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the cards of a node by a vhost-user daemon: hands it the module's memory and the eventfds,
 * and is not in the way of a single buffer then.
 */
final class LoopbackAdapter implements CardServer {
  private static final Logger log = LoggerFactory.getLogger(LoopbackAdapter.class);

  /** All memory goes in one message, so there is no need for slots. */
  private static final FrontendOptions OPTIONS =
      FrontendOptions.DEFAULT.without(ProtocolFeature.CONFIGURE_MEM_SLOTS);

  /** Of the memory, as addresses of this process would be; 0 might be taken for none. */
  private static final long USER_ADDRESS = 0x7000_0000_0000L;

  private static final int BLOCK = 2;
  private static final int INPUT = 18;
  private static final int SOUND = 25;
  private static final long BLOCK_MQ = 1L << 12;

  /** SECURE_ERASE and ZONED, whose configuration lies behind what {@link DeviceKind} has of it. */
  private static final long BLOCK_BEHIND_CONFIG = 3L << 16;

  private static final int BLOCK_QUEUES_OFFSET = 34;

  /** For what a daemon can cause as often as it likes. */
  private final DeviceLog limited;

  private final Context context;
  private final Path socket;
  private final DeviceKind kind;
  private final int queueCount;
  private final int queueSize;
  private final List<QueueBell> bells = new ArrayList<>();
  private @Nullable CardSlot slot;
  private @Nullable VhostUserFrontend frontend;
  private long features;

  /** Configuration space as far as drivers of this card have written it; zeros elsewhere. */
  private ByteBuffer written = ByteBuffer.allocate(0);

  /** There is a card to be told of changes of configuration space. */
  private boolean isAttached;

  /** The daemon is being asked for its configuration, as that changed. */
  private boolean isAsked;

  /** It has changed, or once more since. */
  private boolean isToBeAsked;

  /**
   * @param queueCount how many queues to use
   * @param queueSize descriptors of each
   */
  LoopbackAdapter(Vertx vertx, Path socket, DeviceKind kind, int queueCount, int queueSize) {
    this.context = NativeTransport.newLoop(vertx);
    this.limited = new DeviceLog(context, this::name);
    this.socket = socket;
    this.kind = kind;
    this.queueCount = queueCount;
    this.queueSize = queueSize;
  }

  @Override
  public Context context() {
    return context;
  }

  @Override
  public String name() {
    return "%s at %s".formatted(kind.name(), socket);
  }

  @Override
  public int deviceType() {
    return kind.deviceType();
  }

  @Override
  public String driver() {
    return kind.driver();
  }

  private CardSlot slot() {
    if (slot == null) {
      throw new IllegalStateException("there is no card");
    }
    return slot;
  }

  private VhostUserFrontend frontend() {
    if (frontend == null) {
      throw new IllegalStateException("there is no daemon");
    }
    return frontend;
  }

  @Override
  public Future<CardOffer> begin(CardSlot free) {
    slot = free;
    return VhostUserFrontend.connect(context, socket, OPTIONS)
        .recover(failure -> Future.failedFuture(unreachable(failure)))
        .compose(this::connected);
  }

  private LoopbackException unreachable(Throwable failure) {
    return new LoopbackException(
        failure instanceof SocketTimeoutException
            ? "the daemon at %s does not answer, as it serves somebody else or hangs: choose another"
                    .formatted(socket)
                + " --socket, or end whoever is connected to it"
            : "no daemon answers at %s (%s): start it, or correct --socket"
                .formatted(socket, failure.getMessage()),
        true);
  }

  private Future<CardOffer> connected(VhostUserFrontend connected) {
    frontend = connected;
    written = ByteBuffer.allocate(kind.configSize());
    isAttached = false;
    isAsked = false;
    isToBeAsked = false;
    connected.closed().onSuccess(reason -> daemonGone(connected, reason));
    String unfit = unfit(connected);
    if (unfit != null) {
      return Future.failedFuture(new LoopbackException(unfit, false));
    }
    return connected
        .onConfigChange(this::configChanged)
        .compose(done -> readConfig())
        .map(
            config ->
                new CardOffer(
                    kind.deviceType(),
                    offered(connected.offeredFeatures()),
                    kind.queues(queueCount, queueSize),
                    config))
        .recover(
            failure ->
                Future.failedFuture(
                    new LoopbackException(
                        "the daemon at %s does not tell its configuration: %s"
                            .formatted(socket, failure.getMessage()),
                        true)));
  }

  /** Why the daemon cannot serve a card of this kind; null if it can. */
  private @Nullable String unfit(VhostUserFrontend connected) {
    if ((connected.offeredFeatures() & VirtioFeature.VERSION_1) == 0) {
      return "the daemon at %s does not offer VIRTIO_F_VERSION_1, which the kernel's drivers want"
          .formatted(socket);
    }
    if (connected.has(ProtocolFeature.MQ) && connected.queueCount() < queueCount) {
      return "the daemon at %s has %d queues, %s needs %d: correct --device, --socket or --queues"
          .formatted(socket, connected.queueCount(), kind.name(), queueCount);
    }
    if (kind.configSize() > 0 && !connected.has(ProtocolFeature.CONFIG)) {
      return "the daemon at %s does not offer the protocol feature CONFIG, which %s needs"
          .formatted(socket, kind.name());
    }
    return null;
  }

  private long offered(long byDaemon) {
    long possible = byDaemon & slot().possibleFeatures();
    return switch (kind.deviceType()) {
      case BLOCK -> possible & ~BLOCK_BEHIND_CONFIG & (queueCount == 1 ? ~BLOCK_MQ : -1);
      // With it the Rust vhost-device-sound 0.3.0 looks at the buffers for its events for ever.
      case SOUND -> possible & ~VirtioFeature.EVENT_IDX;
      default -> possible;
    };
  }

  private Future<ByteBuffer> readConfig() {
    if (kind.configSize() == 0) {
      return Future.succeededFuture(ByteBuffer.allocate(0));
    }
    return frontend().getConfig(0, kind.configSize()).map(this::adjusted);
  }

  /** A driver makes as many queues as configuration space tells it, and not less. */
  private ByteBuffer adjusted(ByteBuffer config) {
    if (kind.deviceType() != BLOCK) {
      return config;
    }
    ByteBuffer copy = ByteBuffer.allocate(config.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    copy.put(config).flip();
    return copy.putShort(BLOCK_QUEUES_OFFSET, (short) queueCount);
  }

  /** One question at a time, however often a daemon says so, and none before there is a card. */
  private void configChanged() {
    isToBeAsked = isAsked || !isAttached;
    if (isToBeAsked) {
      return;
    }
    isAsked = true;
    VhostUserFrontend asked = frontend();
    CardSlot changed = slot();
    readConfig()
        .onComplete(
            read -> {
              if (frontend == asked) {
                isAsked = false;
                passOn(read, changed);
                if (isToBeAsked) {
                  configChanged();
                }
              }
            });
  }

  private void passOn(AsyncResult<ByteBuffer> read, CardSlot changed) {
    if (read.failed()) {
      limited.warn("the daemon does not tell its configuration: {}", read.cause().getMessage());
      return;
    }
    try {
      if (read.result().hasRemaining()) {
        changed.node().config(0, read.result(), true);
      }
    } catch (LoopbackException e) {
      log.debug("{}: configuration change not passed on: {}", name(), e.getMessage());
    }
  }

  private void daemonGone(VhostUserFrontend gone, String reason) {
    if (frontend == gone) {
      slot().lost("the daemon at %s is gone: %s".formatted(socket, reason));
    }
  }

  @Override
  public void attached() throws LoopbackException {
    if (frontend().closed().isComplete()) {
      throw new LoopbackException("the daemon at %s is gone again".formatted(socket), true);
    }
    isAttached = true;
    if (isToBeAsked) {
      configChanged();
    }
  }

  @Override
  public Future<Void> negotiated(long taken) {
    features = taken | (frontend().offeredFeatures() & VhostFeature.PROTOCOL_FEATURES);
    Future<?> set = send(FrontendMessage.SET_FEATURES, Payload.u64(features));
    if (!frontend().has(ProtocolFeature.STATUS)) {
      return set.mapEmpty();
    }
    return set.compose(done -> frontend().setStatus(negotiatedStatus()))
        .compose(done -> frontend().status())
        .compose(
            status ->
                (status & DeviceStatus.FEATURES_OK) != 0
                    ? Future.succeededFuture()
                    : Future.failedFuture(
                        "the daemon does not accept the features 0x" + Long.toHexString(taken)));
  }

  private static int negotiatedStatus() {
    return DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER | DeviceStatus.FEATURES_OK;
  }

  private Future<ByteBuffer> send(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) {
    return frontend().request(type, payload, fds);
  }

  private Future<ByteBuffer> send(FrontendMessage type, int queue, int number) {
    return send(type, new VringState(queue, number).encode());
  }

  private Future<ByteBuffer> send(FrontendMessage type, int queue, EventFd event) {
    return send(type, new VringFile(queue, true).encode(), event.fd());
  }

  private boolean enables() {
    return (features & VhostFeature.PROTOCOL_FEATURES) != 0;
  }

  @Override
  public Future<Void> start() {
    List<Future<?>> steps = new ArrayList<>();
    try {
      CardNode node = slot().node();
      steps.add(shareMemory(node));
      for (int i = 0; i < queueCount; i++) {
        CardNode.Place place = node.queue(i);
        if (place.size() > 0) {
          QueueBell bell = new QueueBell(i);
          bells.add(bell);
          node.connect(bell);
          steps.add(startRing(bell, place));
        }
      }
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    for (QueueBell bell : bells) {
      if (enables()) {
        steps.add(send(FrontendMessage.SET_VRING_ENABLE, bell.queue(), 1));
      }
    }
    if (frontend().has(ProtocolFeature.STATUS)) {
      steps.add(frontend().setStatus(negotiatedStatus() | DeviceStatus.DRIVER_OK));
    }
    // C14: not before, as some daemons forget the kicks of rings that are not enabled yet.
    return Future.all(steps)
        .onSuccess(done -> bells.forEach(bell -> bell.kick().signal()))
        .mapEmpty();
  }

  private Future<?> shareMemory(CardNode node) throws LoopbackException {
    List<CardNode.Shared> shared = node.memory();
    List<MemoryRegion> regions = shared.stream().map(part -> forDaemon(part.region())).toList();
    OwnedFd[] files = shared.stream().map(CardNode.Shared::file).toArray(OwnedFd[]::new);
    return send(FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(regions), files)
        .onComplete(
            done -> {
              for (OwnedFd file : files) {
                file.close();
              }
            });
  }

  private static MemoryRegion forDaemon(MemoryRegion region) {
    return new MemoryRegion(
        region.guestAddress(),
        region.size(),
        USER_ADDRESS + region.userAddress(),
        region.mmapOffset());
  }

  private Future<?> startRing(QueueBell bell, CardNode.Place place) {
    int queue = bell.queue();
    VringAddress address =
        new VringAddress(
            queue,
            0,
            USER_ADDRESS + place.descriptors(),
            USER_ADDRESS + place.used(),
            USER_ADDRESS + place.available(),
            0);
    return Future.all(
        List.of(
            send(FrontendMessage.SET_VRING_NUM, queue, place.size()),
            send(FrontendMessage.SET_VRING_BASE, queue, 0),
            send(FrontendMessage.SET_VRING_ADDR, address.encode()),
            send(FrontendMessage.SET_VRING_CALL, queue, bell.call()),
            send(FrontendMessage.SET_VRING_KICK, queue, bell.kick())));
  }

  @Override
  public Future<Void> reset() {
    List<Future<?>> steps = new ArrayList<>();
    for (QueueBell bell : bells) {
      if (enables()) {
        steps.add(send(FrontendMessage.SET_VRING_ENABLE, bell.queue(), 0));
      }
    }
    for (QueueBell bell : bells) {
      steps.add(send(FrontendMessage.GET_VRING_BASE, bell.queue(), 0));
    }
    if (frontend().has(ProtocolFeature.STATUS)) {
      steps.add(frontend().setStatus(0));
    } else if (frontend().has(ProtocolFeature.RESET_DEVICE)) {
      steps.add(frontend().reset());
    }
    return Future.join(steps)
        .onComplete(done -> closeBells())
        .otherwiseEmpty() // who does not answer is disconnected, and touches nothing of a new card
        .mapEmpty();
  }

  private void closeBells() {
    bells.forEach(QueueBell::close);
    bells.clear();
  }

  @Override
  public Future<Void> writeConfig(int offset, ByteBuffer bytes) {
    CardNode node = slot().node();
    return tellDaemon(offset, bytes)
        .compose(done -> readConfig())
        .compose(
            config -> {
              try {
                node.config(0, config, false);
                return Future.succeededFuture();
              } catch (LoopbackException e) {
                return Future.failedFuture(e);
              }
            });
  }

  /**
   * Of an input device the whole space, as QEMU sends it for any byte that its guest writes:
   * daemons of its kind take the first two bytes for the driver's selection, whatever the offset
   * and the length are.
   */
  private Future<Void> tellDaemon(int offset, ByteBuffer bytes) {
    if (kind.deviceType() != INPUT) {
      return frontend().setConfig(offset, bytes);
    }
    written.put(offset, bytes, bytes.position(), bytes.remaining());
    return frontend().setConfig(0, written);
  }

  @Override
  public Future<Void> end() {
    VhostUserFrontend present = frontend;
    frontend = null;
    closeBells();
    limited.flush();
    return present == null ? Future.succeededFuture() : present.close().otherwiseEmpty();
  }

  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
