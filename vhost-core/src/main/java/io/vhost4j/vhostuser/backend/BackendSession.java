package io.vhost4j.vhostuser.backend;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vhost4j.device.DeviceLog;
import io.vhost4j.engine.DeviceEngine;
import io.vhost4j.engine.DeviceSession;
import io.vhost4j.engine.EngineQueue;
import io.vhost4j.engine.RefusedException;
import io.vhost4j.engine.Transport;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a frontend, from its first message until everything it gave us is released
 * (E11): the transport of a {@link DeviceSession}. Runs on the device's event loop.
 *
 * <p>Messages are obeyed one after the other: while one waits for buffers to come back, no further
 * one is read, so replies keep their order (C2).
 */
final class BackendSession implements VhostUserChannel.Handler, Transport {
  /** Why a session ends that nobody did wrong. */
  static final String SERVER_CLOSES = "the server closes";

  private static final Logger LOG = LoggerFactory.getLogger(BackendSession.class);

  private final Context context;
  private final DeviceLog log;
  private final DeviceSession device;
  private final VhostUserChannel channel;
  private final BackendChannel backendChannel = new BackendChannel(this);
  private final List<Vring> vrings = new ArrayList<>();
  private final MessageDispatch dispatch;
  private final Promise<Void> ended = Promise.promise();
  private final Runnable firstMessage;

  private Negotiation negotiation;
  private boolean hasSpoken;

  /**
   * A session that does not read yet.
   *
   * @param engine serves the device; its event loop is the calling thread
   * @param socket the connection, owned by the session from now on unless this fails
   * @param firstMessage called when the frontend turns out to be more than a probe
   */
  BackendSession(DeviceEngine engine, OwnedFd socket, Runnable firstMessage) throws IOException {
    this.context = engine.context();
    this.log = engine.log();
    this.firstMessage = firstMessage;
    negotiation = new Negotiation(FeatureMessages.offered(engine), 0, 0);
    device = engine.open(this);
    for (EngineQueue queue : device.queues()) {
      vrings.add(new Vring(this, queue));
    }
    dispatch = new MessageDispatch(this);
    channel = VhostUserChannel.open(context, socket, this);
  }

  /** Begins to serve; the device hears of the frontend. */
  void begin() {
    device.begin();
  }

  /** Completes when the frontend is gone and nothing of it is left. */
  Future<Void> ended() {
    return ended.future();
  }

  /** Ends the session; {@link #ended()} tells when it is done. */
  void close(String reason) {
    channel.close(reason);
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
      log.info("frontend connected");
      firstMessage.run();
    }
    dispatch.message(from, header, payload, fds);
  }

  @Override
  public void failed(VhostUserChannel from, MessageHeader header, Throwable thrown) {
    log.error("message {} failed", header.request(), thrown);
  }

  @Override
  public void closed(VhostUserChannel from, String reason) {
    if (reason.equals(SERVER_CLOSES)) {
      log.info("disconnected: {}", reason);
    } else if (!reason.equals(VhostUserChannel.PEER_CLOSED)) {
      log.warn("disconnected: {}", reason);
    } else if (hasSpoken) {
      log.info("frontend disconnected");
    } else {
      LOG.debug("{}: somebody connected and has gone without a word", log);
    }
    backendChannel.close();
    device
        .close()
        .onComplete(
            released -> {
              vrings.forEach(Vring::close);
              ended.complete();
            });
  }

  // What the messages work on

  Context context() {
    return context;
  }

  /** The log of the device, for what the frontend or its guest can cause. */
  DeviceLog log() {
    return log;
  }

  /** The device, as far as this frontend is concerned. */
  DeviceSession device() {
    return device;
  }

  /**
   * The queue of an index that the frontend names.
   *
   * @throws RefusedException if there is no such queue (E7)
   */
  Vring vring(int index) throws RefusedException {
    return vrings.get(device.queue(index).index());
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

  // What the engine asks

  @Override
  public boolean notifyDriver(int queue) {
    return vrings.get(queue).notifyDriver();
  }

  @Override
  public void queueBroken(int queue) {
    if (negotiation.has(ProtocolFeature.STATUS)) { // B5
      configChanged();
    }
    vrings.get(queue).signalError();
  }

  @Override
  public void configChanged() {
    backendChannel.configChanged();
  }

  @Override
  public void disconnect(String reason) {
    channel.close(reason);
  }
}
