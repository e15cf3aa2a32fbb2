package io.vhost4j.vhostuser.backend;

import static io.vhost4j.vhostuser.backend.Operation.DONE;
import static io.vhost4j.vhostuser.backend.Operation.answer;

import io.vertx.core.Future;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;

/** The messages about the device itself: configuration, status, reset (C35, C36, C38 to C40). */
final class DeviceMessages {
  private static final int MAX_STATUS = 0xff;

  private final BackendSession session;

  DeviceMessages(BackendSession session) {
    this.session = session;
  }

  void register(Map<FrontendMessage, Operation> operations) {
    operations.put(FrontendMessage.GET_CONFIG, this::getConfig);
    operations.put(FrontendMessage.SET_CONFIG, this::setConfig);
    operations.put(FrontendMessage.SET_BACKEND_REQ_FD, this::setBackendChannel);
    operations.put(
        FrontendMessage.RESET_DEVICE, request -> session.device().reset().compose(done -> DONE));
    operations.put(FrontendMessage.GET_STATUS, request -> answer(session.device().status()));
    operations.put(FrontendMessage.SET_STATUS, this::setStatus);
  }

  /**
   * At any time (A5). A range beyond the configuration space reads as zeros (A6), one that starts
   * beyond it fails with an empty payload (C38, E3).
   */
  private Future<ByteBuffer> getConfig(Request request) {
    ConfigSpace wanted = ConfigSpace.read(request.payload());
    ByteBuffer bytes = Payload.allocate(wanted.bytes().remaining());
    try {
      session.device().readConfig(wanted.offset(), bytes);
    } catch (RefusedException e) {
      return Future.succeededFuture(Payload.EMPTY);
    }
    return Future.succeededFuture(
        new ConfigSpace(wanted.offset(), wanted.flags(), bytes.clear()).encode());
  }

  private Future<ByteBuffer> setConfig(Request request) throws RefusedException {
    ConfigSpace written = ConfigSpace.read(request.payload());
    if (written.flags() != ConfigSpace.FLAGS_WRITE
        && written.flags() != ConfigSpace.FLAGS_MIGRATION) {
      // C39
      throw new RefusedException("SET_CONFIG with flags " + written.flags());
    }
    session.device().writeConfig(written.offset(), written.bytes()); // C39
    return DONE;
  }

  private Future<ByteBuffer> setBackendChannel(Request request) throws RefusedException {
    try {
      session.backendChannel().open(request.fds().take(0));
      return DONE;
    } catch (IOException e) {
      // E8
      throw new RefusedException("the backend channel: " + e.getMessage());
    }
  }

  private Future<ByteBuffer> setStatus(Request request) throws RefusedException {
    long status = Payload.readU64(request.payload());
    if (status < 0 || status > MAX_STATUS) {
      // C35
      throw new RefusedException("device status 0x" + Long.toHexString(status));
    }
    return session.device().status((int) status).compose(done -> DONE);
  }
}
