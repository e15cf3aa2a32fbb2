package io.vhost4j.vhostuser.frontend;

import io.vertx.core.Future;
import io.vhost4j.event.EventFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** The messages about one ring. Event loop only. */
final class Rings {
  private static final int SPLIT_INDEX_BITS = 16;

  private final RequestQueue requests;

  Rings(RequestQueue requests) {
    this.requests = requests;
  }

  /** Call and error eventfds, which QEMU sends before everything else of a ring. */
  Future<?> announce(FrontendQueue queue) {
    return Future.all(
        send(FrontendMessage.SET_VRING_CALL, queue, queue.call()),
        send(FrontendMessage.SET_VRING_ERR, queue, queue.error()));
  }

  /** Starts a ring at its base and injects a kick, as QEMU does (C14). */
  Future<?> start(FrontendQueue queue) {
    VringAddresses at = queue.driver().addresses();
    VringAddress address =
        new VringAddress(queue.index(), 0, at.descriptorTable(), at.usedRing(), at.availRing(), 0);
    Future<?> started =
        Future.all(
            List.of(
                send(FrontendMessage.SET_VRING_NUM, queue, queue.driver().size()),
                send(FrontendMessage.SET_VRING_BASE, queue, queue.base()),
                requests.send(FrontendMessage.SET_VRING_ADDR, address.encode()),
                send(FrontendMessage.SET_VRING_KICK, queue, queue.kick()),
                send(FrontendMessage.SET_VRING_CALL, queue, queue.call())));
    queue.kick().signal();
    return started;
  }

  Future<?> enable(FrontendQueue queue, boolean enabled) {
    return send(FrontendMessage.SET_VRING_ENABLE, queue, enabled ? 1 : 0);
  }

  Future<Integer> stop(FrontendQueue queue) {
    return send(FrontendMessage.GET_VRING_BASE, queue, 0)
        .compose(
            payload -> {
              VringState state = VringState.read(payload);
              if (state.index() != queue.index() || state.num() >>> SPLIT_INDEX_BITS != 0) {
                return Future.failedFuture(
                    new IOException("GET_VRING_BASE was answered with " + state));
              }
              queue.stoppedAt(state.num());
              return Future.succeededFuture(state.num());
            });
  }

  private Future<ByteBuffer> send(FrontendMessage type, FrontendQueue queue, int number) {
    return requests.send(type, new VringState(queue.index(), number).encode());
  }

  private Future<ByteBuffer> send(FrontendMessage type, FrontendQueue queue, EventFd event) {
    return requests.send(type, new VringFile(queue.index(), true).encode(), List.of(event.fd()));
  }
}
