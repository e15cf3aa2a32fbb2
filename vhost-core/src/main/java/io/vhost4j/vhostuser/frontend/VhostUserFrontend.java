package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Closeable;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vhost4j.device.DeviceStatus;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Negotiation;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.virtqueue.DriverQueue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A frontend without a virtual machine: connects to any vhost-user backend, ours or another, and
 * plays the part of QEMU and of the driver in the guest (order of messages as QEMU, C6).
 *
 * <pre>{@code
 * FrontendMemory memory = FrontendMemory.create(16 << 20);
 * VhostUserFrontend.connect(context, path, FrontendOptions.DEFAULT)
 *     .compose(frontend -> frontend.start(VirtioFeature.VERSION_1, memory, QueueSetup.of(64)))
 *     .onSuccess(queues -> queues.get(0)...);
 * }</pre>
 *
 * <p>Methods that return a future may be called by any thread; futures complete on the event loop
 * of the context, with an {@link IOException} that says what happened, a {@link
 * java.net.SocketTimeoutException} if the backend did not answer, or with a {@link
 * RequestRefusedException} if the backend goes on but will not do it. Requests are pipelined: they
 * need not wait for each other.
 */
public final class VhostUserFrontend {
  private static final int RING_ALIGNMENT = 4096;

  private final Context context;
  private final RequestQueue requests;
  private final Handshake handshake;
  private final SharedMemory sharedMemory;
  private final Rings rings;
  private final Promise<String> closed;
  private final List<FrontendQueue> queues = new ArrayList<>();
  private Negotiation negotiation = Negotiation.NOTHING;
  private Runnable configChanged = () -> {};

  /** Closes the connection with the verticle or the Vert.x instance that the context is of. */
  private final Closeable closedWithOwner = done -> close().onComplete(done);

  private VhostUserFrontend(Context context, Path path, FrontendOptions options)
      throws IOException {
    this.context = context;
    this.closed = ((ContextInternal) context).promise();
    this.requests = new RequestQueue(context, path, options, this::disconnected);
    this.handshake = new Handshake(context, path, requests, () -> configChanged.run());
    this.sharedMemory = new SharedMemory(requests);
    this.rings = new Rings(requests);
    if (!((ContextInternal) context).closeFuture().add(closedWithOwner)) {
      shutDown("the context has been closed");
    }
  }

  /**
   * Connects to the backend that listens at {@code path}, and negotiates the protocol features. The
   * connection is closed with the verticle that the context is of, or with its Vert.x instance.
   *
   * @param context the context of everything that follows, with the epoll transport ({@link
   *     NativeTransport})
   */
  public static Future<VhostUserFrontend> connect(
      Context context, Path path, FrontendOptions options) {
    return onLoop(
        context,
        () -> {
          try {
            VhostUserFrontend frontend = new VhostUserFrontend(context, path, options);
            return frontend
                .handshake
                .run(options.protocolFeatures())
                .onSuccess(done -> frontend.negotiation = frontend.handshake.negotiation())
                .map(frontend)
                .onFailure(failure -> frontend.shutDown("handshake failed"));
          } catch (IOException e) {
            return Future.failedFuture(e);
          }
        });
  }

  /** Feature bits that the backend offers. */
  public long offeredFeatures() {
    return negotiation.offered();
  }

  /** Feature bits in use, 0 before {@link #start}. */
  public long features() {
    return negotiation.acknowledged();
  }

  /** Protocol feature bits in use. */
  public long protocolFeatures() {
    return negotiation.protocol();
  }

  /** Whether a protocol feature is in use. */
  public boolean has(ProtocolFeature feature) {
    return negotiation.has(feature);
  }

  /** How many queues the backend has; 0 if it does not tell (no MQ). */
  public long queueCount() {
    return handshake.queueCount();
  }

  /** How many memory regions the backend takes. */
  public long maxMemorySlots() {
    return handshake.maxMemorySlots();
  }

  /** Completes with the reason when the connection has ended, whoever ended it. */
  public Future<String> closed() {
    return closed.future();
  }

  /**
   * Calls {@code handler} on the event loop when the backend says that the configuration changed.
   */
  public Future<Void> onConfigChange(Runnable handler) {
    return onLoop(
        () -> {
          configChanged = handler;
          return Future.succeededFuture();
        });
  }

  /**
   * Brings the device up: features, status, memory, rings. Its queues run when the future
   * completes; queue i is set up as {@code setups[i]}.
   *
   * @param features bits to acknowledge as far as they are offered; see {@link #features()}
   * @param memory shown to the backend; the rings are placed in it
   */
  public Future<List<FrontendQueue>> start(
      long features, FrontendMemory memory, QueueSetup... setups) {
    return onLoop(
        () -> {
          if (!queues.isEmpty()) {
            throw new IllegalStateException("the device is running");
          }
          long acknowledged = negotiation.offered() & (features | VhostFeature.PROTOCOL_FEATURES);
          negotiation = negotiation.withAcknowledged(acknowledged);
          for (int i = 0; i < setups.length; i++) {
            queues.add(createQueue(i, setups[i], memory));
          }
          return acknowledgeFeatures()
              .compose(done -> startRings(memory))
              .map(done -> List.copyOf(queues))
              .onFailure(failure -> dropQueues());
        });
  }

  private FrontendQueue createQueue(int index, QueueSetup setup, FrontendMemory in) {
    long place =
        in.allocate(DriverQueue.bytesNeeded(setup.size(), setup.tableEntries()), RING_ALIGNMENT);
    return new FrontendQueue(
        context,
        index,
        DriverQueue.create(
            in.memory(), place, setup.size(), setup.tableEntries(), features(), setup.startIndex()),
        requests::close);
  }

  private Future<?> acknowledgeFeatures() {
    List<Future<?>> steps = new ArrayList<>();
    for (FrontendQueue queue : queues) {
      steps.add(rings.announce(queue));
    }
    steps.add(requests.send(FrontendMessage.SET_FEATURES, Payload.u64(features())));
    if (!has(ProtocolFeature.STATUS)) {
      return Future.all(steps);
    }
    steps.add(setStatus(DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER | DeviceStatus.FEATURES_OK));
    return Future.all(steps)
        .compose(done -> status())
        .compose(
            status ->
                (status & DeviceStatus.FEATURES_OK) != 0
                    ? Future.succeededFuture()
                    : Future.failedFuture(
                        new IOException(
                            "the device does not accept the features 0x"
                                + Long.toHexString(features()))));
  }

  private Future<?> startRings(FrontendMemory shown) {
    List<Future<?>> steps = new ArrayList<>();
    steps.add(setMemory(shown));
    for (FrontendQueue queue : queues) {
      steps.add(rings.start(queue));
    }
    if ((features() & VhostFeature.PROTOCOL_FEATURES) != 0) {
      for (FrontendQueue queue : queues) {
        steps.add(rings.enable(queue, true));
      }
    }
    if (has(ProtocolFeature.STATUS)) {
      steps.add(
          setStatus(
              DeviceStatus.ACKNOWLEDGE
                  | DeviceStatus.DRIVER
                  | DeviceStatus.FEATURES_OK
                  | DeviceStatus.DRIVER_OK));
    }
    return Future.all(steps);
  }

  /**
   * Shows other memory to the backend, region by region where CONFIGURE_MEM_SLOTS is in use. What
   * it saw before is withdrawn.
   */
  public Future<Void> setMemory(FrontendMemory next) {
    return onLoop(
        () -> sharedMemory.show(next, has(ProtocolFeature.CONFIGURE_MEM_SLOTS)).mapEmpty());
  }

  /** Starts a ring at {@link FrontendQueue#base()} and injects a kick, as QEMU does (C14). */
  public Future<Void> startQueue(FrontendQueue queue) {
    return onLoop(() -> rings.start(queue).mapEmpty());
  }

  /** Enables or disables a ring; needs bit 30 of the features. */
  public Future<Void> enableQueue(FrontendQueue queue, boolean enabled) {
    return onLoop(() -> rings.enable(queue, enabled).mapEmpty());
  }

  /**
   * Stops a ring when the device has returned what it has taken.
   *
   * @return the index that the device would have taken next, also {@link FrontendQueue#base()}
   */
  public Future<Integer> stopQueue(FrontendQueue queue) {
    return onLoop(() -> rings.stop(queue));
  }

  /** Stops all rings and resets the status. {@link #start} may follow, with other queues. */
  public Future<Void> stop() {
    return onLoop(
        () -> {
          List<Future<?>> steps = new ArrayList<>();
          if ((features() & VhostFeature.PROTOCOL_FEATURES) != 0) {
            queues.forEach(queue -> steps.add(rings.enable(queue, false)));
          }
          queues.forEach(queue -> steps.add(rings.stop(queue)));
          if (has(ProtocolFeature.STATUS)) {
            steps.add(setStatus(0));
          }
          return Future.join(steps).onComplete(done -> dropQueues()).mapEmpty();
        });
  }

  /**
   * Reads from the configuration space.
   *
   * @param offset in bytes
   * @param length in bytes, at most {@link ConfigSpace#MAX_BYTES}
   * @return {@code length} bytes, little-endian as the device wrote them
   */
  public Future<ByteBuffer> getConfig(int offset, int length) {
    ByteBuffer request = new ConfigSpace(offset, 0, ByteBuffer.allocate(length)).encode();
    return onLoop(
        () ->
            requests
                .send(FrontendMessage.GET_CONFIG, request)
                .compose(
                    payload -> {
                      ByteBuffer bytes = ConfigSpace.read(payload).bytes();
                      // C38
                      return bytes.remaining() == length
                          ? Future.succeededFuture(bytes.order(ByteOrder.LITTLE_ENDIAN))
                          : Future.failedFuture(
                              new IOException(
                                  "asked for "
                                      + length
                                      + " bytes of configuration, got "
                                      + bytes.remaining()));
                    }));
  }

  /** Writes {@code bytes}, from position to limit, to the configuration space. */
  public Future<Void> setConfig(int offset, ByteBuffer bytes) {
    ByteBuffer request = new ConfigSpace(offset, ConfigSpace.FLAGS_WRITE, bytes).encode();
    return onLoop(() -> requests.send(FrontendMessage.SET_CONFIG, request).mapEmpty());
  }

  /** Reads the device status, see {@link DeviceStatus}. */
  public Future<Integer> status() {
    return onLoop(
        () -> requests.getU64(FrontendMessage.GET_STATUS).map(value -> (int) (value & 0xff)));
  }

  /** Writes the device status. */
  public Future<Void> setStatus(int status) {
    return onLoop(() -> requests.send(FrontendMessage.SET_STATUS, Payload.u64(status)).mapEmpty());
  }

  /** Resets the device and keeps the connection (RESET_DEVICE). */
  public Future<Void> reset() {
    return onLoop(() -> requests.send(FrontendMessage.RESET_DEVICE, Payload.EMPTY).mapEmpty());
  }

  /**
   * Sends any message, for what has no method of its own.
   *
   * @param fds descriptors to send along; they stay the caller's, until the future completes
   * @return the payload of the reply or of the acknowledgement; empty when sent if there is neither
   */
  public Future<ByteBuffer> request(FrontendMessage type, ByteBuffer payload, OwnedFd... fds) {
    return onLoop(() -> requests.send(type, payload, List.of(fds)));
  }

  /** Ends the connection and closes the eventfds of all queues; the memory stays the caller's. */
  public Future<Void> close() {
    return onLoop(
        () -> {
          shutDown("closed by frontend");
          return closed.future().mapEmpty();
        });
  }

  private void shutDown(String reason) {
    requests.close(reason);
    dropQueues();
  }

  private void disconnected(String reason) {
    ((ContextInternal) context).closeFuture().remove(closedWithOwner);
    handshake.close();
    // Whoever waits for a ring would wait for ever.
    queues.forEach(FrontendQueue::wakeAll);
    closed.complete(reason);
  }

  private void dropQueues() {
    queues.forEach(FrontendQueue::close);
    queues.clear();
  }

  private <T> Future<T> onLoop(Supplier<Future<T>> action) {
    return onLoop(context, action);
  }

  private static <T> Future<T> onLoop(Context context, Supplier<Future<T>> action) {
    Promise<T> promise = ((ContextInternal) context).promise();
    Runnable run =
        () -> {
          try {
            action.get().onComplete(promise);
          } catch (RuntimeException e) {
            promise.fail(e);
          }
        };
    if (NativeTransport.onLoop(context)) {
      run.run();
    } else {
      context.runOnContext(v -> run.run());
    }
    return promise.future();
  }
}
