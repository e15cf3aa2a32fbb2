package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.Operation.DONE;

import io.vertx.core.Future;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.event.Kick;
import io.vhost4j.event.Notifier;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.VringAddress;
import io.vhost4j.vhostuser.protocol.VringFile;
import io.vhost4j.vhostuser.protocol.VringState;
import io.vhost4j.virtqueue.VringAddresses;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The messages that set up, start and stop rings (C13, C15, C16, C18). */
final class VringMessages {
  private final BackendSession session;

  VringMessages(BackendSession session) {
    this.session = session;
  }

  void register(Map<FrontendMessage, Operation> operations) {
    operations.put(FrontendMessage.SET_VRING_NUM, request -> setSize(state(request)));
    operations.put(FrontendMessage.SET_VRING_BASE, request -> setBase(state(request)));
    operations.put(FrontendMessage.GET_VRING_BASE, request -> getBase(state(request)));
    operations.put(FrontendMessage.SET_VRING_ENABLE, request -> setEnabled(state(request)));
    operations.put(
        FrontendMessage.SET_VRING_ADDR,
        request -> setAddresses(VringAddress.read(request.payload())));
    operations.put(FrontendMessage.SET_VRING_KICK, this::setKick);
    operations.put(FrontendMessage.SET_VRING_CALL, this::setCall);
    operations.put(FrontendMessage.SET_VRING_ERR, this::setError);
  }

  private static VringState state(Request request) {
    return VringState.read(request.payload());
  }

  private Future<ByteBuffer> setSize(VringState state) throws RefusedException {
    session.vring(state.index()).queue().setSize(state.num());
    return DONE;
  }

  private Future<ByteBuffer> setBase(VringState state) throws RefusedException {
    session.vring(state.index()).queue().setBase(state.num());
    return DONE;
  }

  private Future<ByteBuffer> getBase(VringState state) throws RefusedException {
    Vring vring = session.vring(state.index());
    return vring.stop().map(base -> new VringState(state.index(), base).encode());
  }

  private Future<ByteBuffer> setEnabled(VringState state) throws RefusedException {
    if (state.num() != 0 && state.num() != 1) {
      // E7
      throw new RefusedException("queue %d enabled with %d".formatted(state.index(), state.num()));
    }
    EngineQueue queue = session.vring(state.index()).queue();
    if (state.num() == 1) {
      queue.enable();
      return DONE;
    }
    return queue.disable().compose(disabled -> DONE);
  }

  /** The address of a log is not used (C29). */
  private Future<ByteBuffer> setAddresses(VringAddress wanted) throws RefusedException {
    EngineQueue queue = session.vring(wanted.index()).queue();
    VringAddresses addresses =
        new VringAddresses(wanted.descriptors(), wanted.available(), wanted.used());
    if (!queue.runsAt(addresses)) {
      queue.setAddresses(addresses);
    }
    return DONE;
  }

  private Future<ByteBuffer> setKick(Request request) throws RefusedException {
    Vring vring = vring(request);
    Kick kick = take(request, Kick::adopt);
    return vring.setKick(kick).compose(runs -> DONE);
  }

  private Future<ByteBuffer> setCall(Request request) throws RefusedException {
    Vring vring = vring(request);
    vring.setCall(take(request, Notifier::adopt));
    return DONE;
  }

  private Future<ByteBuffer> setError(Request request) throws RefusedException {
    Vring vring = vring(request);
    vring.setError(take(request, Notifier::adopt));
    return DONE;
  }

  private Vring vring(Request request) throws RefusedException {
    return session.vring(VringFile.read(request.payload()).index());
  }

  private interface Adoption<T> {
    T of(OwnedFd fd) throws IOException;
  }

  /** Null if the payload says that no descriptor comes along. */
  private static <T> @Nullable T take(Request request, Adoption<T> adoption)
      throws RefusedException {
    if (request.fds().count() == 0) {
      return null;
    }
    try {
      return adoption.of(request.fds().take(0));
    } catch (IOException e) {
      // E8
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
  }
}
