package io.vhost4j.testkit;

import io.vertx.core.Future;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.event.EventFd;
import io.vhost4j.memory.GuestMemoryException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A guest behind a vhost-user socket: its messages go to any backend that listens, ours or another,
 * and eventfds wake both sides. What is refused comes as a {@link RefusedException}. One thread.
 */
public final class SocketGuest extends Guest {
  private static final long PROTOCOL =
      ProtocolFeature.mask(
          ProtocolFeature.MQ,
          ProtocolFeature.REPLY_ACK,
          ProtocolFeature.CONFIG,
          ProtocolFeature.RESET_DEVICE);

  /** The descriptors of a ring. */
  static final class Ring {
    final EventFd kick = EventFd.create();
    final EventFd call = EventFd.create();
    final EventFd error = EventFd.create();

    void close() {
      kick.close();
      call.close();
      error.close();
    }
  }

  private final Path socket;
  private final Map<Integer, Ring> rings = new TreeMap<>();
  private final List<Integer> broken = new ArrayList<>();
  private @Nullable RawFrontend frontend;
  private long offered;
  private long offeredProtocol;
  private long protocol;

  private SocketGuest(Path socket, long memoryBytes) throws IOException, GuestMemoryException {
    super(memoryBytes);
    this.socket = socket;
  }

  /**
   * A guest that has connected and acknowledged all features that are offered; its queues do not
   * run.
   *
   * @param socket where the backend listens
   * @param memoryBytes size of the guest's memory, which begins at guest address 0
   */
  public static SocketGuest connect(Path socket, long memoryBytes) throws Exception {
    SocketGuest guest = new SocketGuest(socket, memoryBytes);
    try {
      guest.connect();
    } catch (Exception | Error e) {
      guest.close();
      throw e;
    }
    return guest;
  }

  @Override
  public void connect() throws IOException, RefusedException {
    RawFrontend connected = new RawFrontend(socket);
    frontend = connected;
    offered = connected.askU64(FrontendMessage.GET_FEATURES);
    offeredProtocol = connected.askU64(FrontendMessage.GET_PROTOCOL_FEATURES);
    protocol = offeredProtocol & PROTOCOL;
    connected.tell(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(protocol));
    obey(FrontendMessage.SET_OWNER, Payload.EMPTY);
    acknowledge(offered());
    obey(FrontendMessage.SET_MEM_TABLE, MemoryTable.encode(regions), file);
  }

  /** Says something of the test's own. */
  public RawFrontend frontend() {
    return Objects.requireNonNull(frontend);
  }

  private void obey(FrontendMessage type, ByteBuffer payload, OwnedFd... fds)
      throws IOException, RefusedException {
    if (frontend().acked(type, payload, fds) != 0) {
      throw new RefusedException(type + " was refused");
    }
  }

  @Override
  public Future<Void> disconnect() {
    frontend().close();
    return Future.succeededFuture();
  }

  @Override
  public boolean isDisconnected() {
    return frontend().isHungUp();
  }

  @Override
  public Future<Void> reset() {
    return now(
        () -> {
          obey(FrontendMessage.RESET_DEVICE, Payload.EMPTY);
          return null;
        });
  }

  @Override
  public long offered() {
    return offered & ~(VhostFeature.PROTOCOL_FEATURES | VhostFeature.LOG_ALL);
  }

  @Override
  public void acknowledge(long acknowledged) throws IOException, RefusedException {
    obey(FrontendMessage.SET_FEATURES, Payload.u64(acknowledged | VhostFeature.PROTOCOL_FEATURES));
    features = acknowledged;
  }

  @Override
  public byte[] readConfig(int offset, int length) throws IOException, RefusedException {
    if (!hasConfig(offset)) {
      return new byte[length];
    }
    ByteBuffer wanted = new ConfigSpace(offset, 0, ByteBuffer.allocate(length)).encode();
    ByteBuffer payload = frontend().ask(FrontendMessage.GET_CONFIG, wanted).payload();
    if (!payload.hasRemaining()) {
      throw new RefusedException("GET_CONFIG was refused");
    }
    byte[] bytes = new byte[length];
    ConfigSpace.read(payload).bytes().get(bytes);
    return bytes;
  }

  @Override
  public void writeConfig(int offset, byte[] bytes) throws IOException, RefusedException {
    if (hasConfig(offset)) {
      obey(
          FrontendMessage.SET_CONFIG,
          new ConfigSpace(offset, ConfigSpace.FLAGS_WRITE, ByteBuffer.wrap(bytes)).encode());
    }
  }

  /** The configuration space of a backend that offers none is empty. */
  private boolean hasConfig(int offset) throws RefusedException {
    boolean offered = (protocol & ProtocolFeature.CONFIG.mask()) != 0;
    if (!offered && offset != 0) {
      throw new RefusedException("there is no configuration space");
    }
    return offered;
  }

  /** The protocol features that the backend has offered. */
  long offeredProtocol() {
    return offeredProtocol;
  }

  Ring ring(int index) {
    return rings.computeIfAbsent(index, i -> new Ring());
  }

  @Override
  Future<Void> start(int index, int size, int base, VringAddresses at, boolean enabled) {
    return now(
        () -> {
          startNow(index, size, base, at, enabled);
          return null;
        });
  }

  /** In QEMU's order. */
  private void startNow(int index, int size, int base, VringAddresses at, boolean enabled)
      throws IOException, RefusedException {
    Ring ring = ring(index);
    obey(FrontendMessage.SET_VRING_NUM, new VringState(index, size).encode());
    obey(FrontendMessage.SET_VRING_BASE, new VringState(index, base).encode());
    VringAddress address =
        new VringAddress(index, 0, at.descriptorTable(), at.usedRing(), at.availRing(), 0);
    obey(FrontendMessage.SET_VRING_ADDR, address.encode());
    ByteBuffer descriptor = new VringFile(index, true).encode();
    obey(FrontendMessage.SET_VRING_KICK, descriptor, ring.kick.fd());
    obey(FrontendMessage.SET_VRING_CALL, descriptor, ring.call.fd());
    obey(FrontendMessage.SET_VRING_ERR, descriptor, ring.error.fd());
    obey(FrontendMessage.SET_VRING_ENABLE, new VringState(index, enabled ? 1 : 0).encode());
  }

  @Override
  Future<Integer> stop(int index) {
    return now(
        () ->
            VringState.read(
                    frontend()
                        .ask(FrontendMessage.GET_VRING_BASE, new VringState(index, 0).encode())
                        .payload())
                .num());
  }

  @Override
  Future<Void> enable(int index, boolean enabled) {
    return now(
        () -> {
          obey(FrontendMessage.SET_VRING_ENABLE, new VringState(index, enabled ? 1 : 0).encode());
          return null;
        });
  }

  private static <T extends @Nullable Object> Future<T> now(Callable<T> action) {
    try {
      return Future.succeededFuture(action.call());
    } catch (Exception e) {
      return Future.failedFuture(e);
    }
  }

  @Override
  void kick(int index) {
    ring(index).kick.signal();
  }

  @Override
  void awaitNotification(GuestQueue queue, Object lock) {
    EventFd call = ring(queue.index()).call;
    if (call.await(100)) { // the device's side may hang up meanwhile
      long unused = call.drain();
      queue.notified();
    }
  }

  @Override
  public List<Integer> broken() {
    rings.forEach(
        (index, ring) -> {
          if (ring.error.drain() > 0) {
            broken.add(index);
          }
        });
    return List.copyOf(broken);
  }

  /** Goes away. */
  @Override
  public void close() {
    if (frontend != null) {
      frontend.close();
    }
    rings.values().forEach(Ring::close);
    releaseMemory();
  }
}
