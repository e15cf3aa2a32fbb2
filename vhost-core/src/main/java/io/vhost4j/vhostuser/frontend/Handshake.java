package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Negotiation;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The first messages on a connection, in QEMU's order (C6), and what they brought. */
final class Handshake {
  /** What a backend without CONFIGURE_MEM_SLOTS takes (C20). */
  private static final long MEMORY_SLOTS = 8;

  private final Context context;
  private final Path path;
  private final RequestQueue requests;
  private final Runnable configChanged;
  private Negotiation negotiation = Negotiation.NOTHING;
  private long queueCount;
  private long maxMemorySlots = MEMORY_SLOTS;
  private @Nullable BackendRequests backendRequests;

  /**
   * @param path where the backend listens, for people
   * @param configChanged called on the event loop when the backend says so
   */
  Handshake(Context context, Path path, RequestQueue requests, Runnable configChanged) {
    this.context = context;
    this.path = path;
    this.requests = requests;
    this.configChanged = configChanged;
  }

  /**
   * Negotiates.
   *
   * @param wanted protocol feature bits to use where they are offered
   */
  Future<?> run(long wanted) {
    return requests
        .getU64(FrontendMessage.GET_FEATURES)
        .compose(
            offered -> {
              negotiation = new Negotiation(offered, 0, 0);
              return (offered & VhostFeature.PROTOCOL_FEATURES) == 0
                  ? Future.succeededFuture()
                  : requests
                      .getU64(FrontendMessage.GET_PROTOCOL_FEATURES)
                      .compose(features -> negotiateProtocol(features & wanted));
            })
        .compose(done -> requests.send(FrontendMessage.SET_OWNER, Payload.EMPTY))
        .compose(done -> requests.getU64(FrontendMessage.GET_FEATURES))
        .onSuccess(offered -> negotiation = new Negotiation(offered, 0, negotiation.protocol()));
  }

  private Future<?> negotiateProtocol(long features) {
    List<Future<?>> steps = new ArrayList<>();
    steps.add(requests.send(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(features)));
    negotiation = negotiation.withProtocol(features);
    requests.negotiated(features);
    if (negotiation.has(ProtocolFeature.MQ)) {
      steps.add(
          requests.getU64(FrontendMessage.GET_QUEUE_NUM).onSuccess(count -> queueCount = count));
    }
    if (negotiation.has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
      steps.add(
          requests
              .getU64(FrontendMessage.GET_MAX_MEM_SLOTS)
              .onSuccess(count -> maxMemorySlots = count));
    }
    if (negotiation.has(ProtocolFeature.BACKEND_REQ)) {
      steps.add(sendBackendSocket());
    }
    return Future.all(steps);
  }

  private Future<?> sendBackendSocket() {
    try {
      BackendRequests served = new BackendRequests(context, path, negotiation, configChanged);
      backendRequests = served;
      try (OwnedFd peer = served.peer()) {
        return requests.send(FrontendMessage.SET_BACKEND_REQ_FD, Payload.EMPTY, List.of(peer));
      }
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
  }

  Negotiation negotiation() {
    return negotiation;
  }

  long queueCount() {
    return queueCount;
  }

  long maxMemorySlots() {
    return maxMemorySlots;
  }

  /** Ends the socket of the backend's requests, if there is one. */
  void close() {
    if (backendRequests != null) {
      backendRequests.close();
    }
  }
}
