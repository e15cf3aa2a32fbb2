package io.vhost4j.vhostuser.frontend;

import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.OnLoop;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.channel.VhostUserListener;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageType;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A backend that answers as a test tells it to, right or wrong, and keeps what it was asked. */
final class ScriptedBackend implements VhostUserChannel.Handler {
  /** How one message is answered. */
  interface Answer {
    void to(VhostUserChannel channel, MessageHeader request, ByteBuffer payload);
  }

  static final long FEATURES = VirtioFeature.VERSION_1 | VhostFeature.PROTOCOL_FEATURES;
  static final long PROTOCOL_FEATURES = FrontendOptions.DEFAULT.protocolFeatures();
  static final Answer SILENCE = (channel, request, payload) -> {};

  private final Map<FrontendMessage, Answer> answers = new EnumMap<>(FrontendMessage.class);
  private final List<FrontendMessage> seen = new ArrayList<>();
  private final OnLoop loop;
  private final VhostUserListener listener;
  private @Nullable VhostUserChannel channel;
  private @Nullable OwnedFd backendSocket;
  private long status;

  ScriptedBackend(OnLoop loop, Path path) throws Exception {
    this.loop = loop;
    this.listener = loop.call(() -> VhostUserListener.listen(loop.context, path, this::accepted));
    u64(FrontendMessage.GET_FEATURES, FEATURES);
    u64(FrontendMessage.GET_PROTOCOL_FEATURES, PROTOCOL_FEATURES);
    u64(FrontendMessage.GET_QUEUE_NUM, 2);
    u64(FrontendMessage.GET_MAX_MEM_SLOTS, 32);
    answer(
        FrontendMessage.SET_STATUS,
        (c, request, payload) -> {
          status = Payload.readU64(payload);
          acknowledge(c, request);
        });
    answer(
        FrontendMessage.GET_STATUS,
        (c, request, payload) -> c.send(request.reply(8), Payload.u64(status)));
    answer(
        FrontendMessage.GET_VRING_BASE, (c, request, payload) -> c.send(request.reply(8), payload));
    answer(
        FrontendMessage.GET_CONFIG,
        (c, request, payload) -> c.send(request.reply(payload.remaining()), payload));
  }

  private void accepted(OwnedFd fd) {
    try {
      channel = VhostUserChannel.open(loop.context, fd, this);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Answers a message in another way from now on. */
  ScriptedBackend answer(FrontendMessage message, Answer answer) {
    answers.put(message, answer);
    return this;
  }

  /** Answers with a number. */
  ScriptedBackend u64(FrontendMessage message, long value) {
    return answer(message, (c, request, payload) -> c.send(request.reply(8), Payload.u64(value)));
  }

  static void acknowledge(VhostUserChannel channel, MessageHeader request) {
    if (request.needsReply()) {
      channel.send(request.reply(8), Payload.u64(0));
    }
  }

  @Override
  public int maxFds(int request) {
    return MessageType.fdLimit(FrontendMessage.of(request));
  }

  @Override
  public void message(
      VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
    FrontendMessage message = Objects.requireNonNull(FrontendMessage.of(header.request()));
    seen.add(message);
    if (message == FrontendMessage.SET_BACKEND_REQ_FD) {
      backendSocket = fds.take(0);
    }
    answers
        .getOrDefault(message, (c, request, p) -> acknowledge(c, request))
        .to(from, header, payload);
  }

  @Override
  public void closed(VhostUserChannel which, String reason) {
    if (backendSocket != null) {
      backendSocket.close();
    }
  }

  /** The messages that came so far. */
  List<FrontendMessage> seen() throws Exception {
    return loop.call(() -> List.copyOf(seen));
  }

  /** The socket for requests of the backend. */
  OwnedFd backendSocket() {
    return Objects.requireNonNull(backendSocket);
  }

  /** Protocol features without some. */
  static long without(ProtocolFeature... features) {
    return PROTOCOL_FEATURES & ~ProtocolFeature.mask(features);
  }

  void close() throws Exception {
    loop.run(
        () -> {
          listener.close();
          if (channel != null) {
            channel.close("end of test");
          }
        });
  }
}
