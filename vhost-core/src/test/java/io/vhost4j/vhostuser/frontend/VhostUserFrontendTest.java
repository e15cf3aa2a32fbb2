package io.vhost4j.vhostuser.frontend;

import static io.vhost4j.vhostuser.protocol.FrontendMessage.ADD_MEM_REG;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_CONFIG;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_FEATURES;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_MAX_MEM_SLOTS;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_PROTOCOL_FEATURES;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_QUEUE_NUM;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_STATUS;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.GET_VRING_BASE;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_BACKEND_REQ_FD;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_FEATURES;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_MEM_TABLE;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_OWNER;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_PROTOCOL_FEATURES;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_STATUS;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_ADDR;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_BASE;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_CALL;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_ENABLE;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_ERR;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_KICK;
import static io.vhost4j.vhostuser.protocol.FrontendMessage.SET_VRING_NUM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.OnLoop;
import io.vhost4j.event.TestFiles;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.vhostuser.protocol.BackendMessage;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VringState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The frontend against a backend that does as it likes. */
class VhostUserFrontendTest {
  private static final FrontendOptions OPTIONS = FrontendOptions.DEFAULT.withTimeoutMillis(15_000);

  private final OnLoop loop = new OnLoop();
  @TempDir Path directory;
  private Path socket;
  private ScriptedBackend backend;
  private FrontendMemory memory;
  private long openBefore;

  @BeforeEach
  void listen() throws Exception {
    loop.settle();
    openBefore = TestFiles.open();
    socket = directory.resolve("socket");
    backend = new ScriptedBackend(loop, socket);
    memory = FrontendMemory.create(1 << 20, 1 << 16);
  }

  @AfterEach
  void nothingLeaks() throws Exception {
    backend.close();
    loop.settle();
    TestFiles.awaitOpen(openBefore);
    memory.close();
    loop.close();
  }

  private VhostUserFrontend connect(FrontendOptions options) throws Exception {
    return await(VhostUserFrontend.connect(loop.context, socket, options));
  }

  @Test
  void c6_messagesComeInTheOrderOfQemu() throws Exception {
    VhostUserFrontend frontend = connect(OPTIONS);
    await(frontend.start(VirtioFeature.VERSION_1, memory, QueueSetup.of(4), QueueSetup.of(8)));
    await(frontend.stop());
    await(frontend.close());

    List<FrontendMessage> expected =
        new ArrayList<>(
            List.of(
                GET_FEATURES,
                GET_PROTOCOL_FEATURES,
                SET_PROTOCOL_FEATURES,
                GET_QUEUE_NUM,
                GET_MAX_MEM_SLOTS,
                SET_BACKEND_REQ_FD,
                SET_OWNER,
                GET_FEATURES));
    expected.addAll(List.of(SET_VRING_CALL, SET_VRING_ERR, SET_VRING_CALL, SET_VRING_ERR));
    expected.addAll(List.of(SET_FEATURES, SET_STATUS, GET_STATUS, ADD_MEM_REG, ADD_MEM_REG));
    for (int i = 0; i < 2; i++) {
      expected.addAll(
          List.of(SET_VRING_NUM, SET_VRING_BASE, SET_VRING_ADDR, SET_VRING_KICK, SET_VRING_CALL));
    }
    expected.addAll(List.of(SET_VRING_ENABLE, SET_VRING_ENABLE, SET_STATUS));
    expected.addAll(List.of(SET_VRING_ENABLE, SET_VRING_ENABLE, GET_VRING_BASE, GET_VRING_BASE));
    expected.add(SET_STATUS);
    assertThat(backend.seen()).isEqualTo(expected);
  }

  @Test
  void aBackendWithoutProtocolFeaturesIsAskedForNothingThatNeedsThem() throws Exception {
    backend.u64(GET_FEATURES, VirtioFeature.VERSION_1);
    VhostUserFrontend frontend = connect(OPTIONS);
    await(frontend.start(VirtioFeature.VERSION_1, memory, QueueSetup.of(4)));
    await(frontend.stop());
    await(frontend.close());

    assertThat(backend.seen())
        .containsExactly(
            GET_FEATURES,
            SET_OWNER,
            GET_FEATURES,
            SET_VRING_CALL,
            SET_VRING_ERR,
            SET_FEATURES,
            SET_MEM_TABLE,
            SET_VRING_NUM,
            SET_VRING_BASE,
            SET_VRING_ADDR,
            SET_VRING_KICK,
            SET_VRING_CALL,
            GET_VRING_BASE);
    assertThat(frontend.queueCount()).isZero();
    assertThat(frontend.maxMemorySlots()).isEqualTo(8);
  }

  @Test
  void aRefusedRequestFailsAndTheConnectionGoesOn() throws Exception {
    backend.u64(SET_VRING_NUM, 22);
    VhostUserFrontend frontend = connect(OPTIONS);

    assertThatThrownBy(() -> await(frontend.start(0, memory, QueueSetup.of(4))))
        .isInstanceOf(RequestRefusedException.class)
        .hasMessageContaining("SET_VRING_NUM")
        .hasMessageContaining("22");
    assertThat(await(frontend.status())).isNotZero();
    await(frontend.close());
  }

  @Test
  void featuresThatTheDeviceDoesNotAcceptFailTheStart() throws Exception {
    backend.u64(GET_STATUS, 3);
    VhostUserFrontend frontend = connect(OPTIONS);

    assertThatThrownBy(() -> await(frontend.start(0, memory, QueueSetup.of(4))))
        .hasMessageContaining("does not accept the features");
    await(frontend.close());
  }

  @Test
  void e3_anEmptyReplyToGetConfigIsARefusal() throws Exception {
    backend.answer(GET_CONFIG, (c, request, p) -> c.send(request.reply(0), Payload.EMPTY));
    VhostUserFrontend frontend = connect(OPTIONS);

    assertThatThrownBy(() -> await(frontend.getConfig(0, 8)))
        .isInstanceOf(RequestRefusedException.class);
    assertThat(await(frontend.status())).isZero();
    await(frontend.close());
  }

  @Test
  void aBackendThatDoesNotAnswerIsGivenUpWithANamedRequest() throws Exception {
    backend.answer(GET_STATUS, ScriptedBackend.SILENCE);
    VhostUserFrontend frontend = connect(OPTIONS.withTimeoutMillis(500));

    assertThatThrownBy(() -> await(frontend.status()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no reply to GET_STATUS within 500 ms");
    assertThat(await(frontend.closed())).contains("GET_STATUS");
    await(frontend.close());
  }

  @Test
  void aBackendThatDoesNotAnswerTheHandshakeFailsTheConnect() throws Exception {
    backend.answer(GET_PROTOCOL_FEATURES, ScriptedBackend.SILENCE);
    assertThatThrownBy(() -> connect(OPTIONS.withTimeoutMillis(500)))
        .hasMessageContaining("no reply to GET_PROTOCOL_FEATURES within 500 ms");
  }

  @Test
  void nobodyListeningFailsTheConnectAndNamesThePath() {
    Path nowhere = directory.resolve("nowhere");
    assertThatThrownBy(() -> await(VhostUserFrontend.connect(loop.context, nowhere, OPTIONS)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(nowhere.toString());
  }

  @Test
  void anAnswerToAnotherRequestEndsTheConnection() throws Exception {
    assertGivenUp(
        (c, request, p) -> c.send(new MessageHeader(GET_FEATURES.id(), 5, 8), Payload.u64(0)),
        "instead of the reply");
  }

  @Test
  void aRequestInsteadOfAReplyEndsTheConnection() throws Exception {
    assertGivenUp(
        (c, request, p) -> c.send(new MessageHeader(GET_STATUS.id(), 1, 8), Payload.u64(0)),
        "instead of the reply");
  }

  @Test
  void aReplyOfAnotherSizeEndsTheConnection() throws Exception {
    assertGivenUp((c, request, p) -> c.send(request.reply(16), Payload.allocate(16)), "16 bytes");
  }

  @Test
  void aReplyWithDescriptorsEndsTheConnectionAndClosesThem() throws Exception {
    assertGivenUp(
        (c, request, p) -> {
          try (OwnedFd file = memory.file(0)) {
            c.send(request.reply(8), Payload.u64(0), List.of(file, file));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        },
        "descriptors");
  }

  @Test
  void aSecondReplyEndsTheConnection() throws Exception {
    backend.answer(
        GET_STATUS,
        (c, request, p) -> {
          c.send(request.reply(8), Payload.u64(1));
          c.send(request.reply(8), Payload.u64(1));
        });
    VhostUserFrontend frontend = connect(OPTIONS);
    assertThat(await(frontend.status())).isEqualTo(1);
    assertThat(await(frontend.closed())).contains("answers nothing");
    await(frontend.close());
  }

  private void assertGivenUp(ScriptedBackend.Answer answer, String words) throws Exception {
    backend.answer(GET_STATUS, answer);
    VhostUserFrontend frontend = connect(OPTIONS);
    assertThatThrownBy(() -> await(frontend.status())).hasMessageContaining(words);
    assertThat(await(frontend.closed())).contains(words);
    await(frontend.close());
  }

  @Test
  void anImpossibleRingBaseIsAnError() throws Exception {
    backend.answer(
        GET_VRING_BASE,
        (c, request, p) -> c.send(request.reply(8), new VringState(0, 0x10000).encode()));
    VhostUserFrontend frontend = connect(OPTIONS);
    FrontendQueue queue = await(frontend.start(0, memory, QueueSetup.of(4))).get(0);
    assertThatThrownBy(() -> await(frontend.stopQueue(queue)))
        .hasMessageContaining("GET_VRING_BASE was answered with");
    await(frontend.close());
  }

  @Test
  void manyRequestsMayBeUnderWayAndEachGetsItsOwnReply() throws Exception {
    VhostUserFrontend frontend = connect(OPTIONS);
    List<Future<ByteBuffer>> replies = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      replies.add(frontend.getConfig(i, 4));
      replies.add(frontend.request(SET_STATUS, Payload.u64(i)));
    }
    for (int i = 0; i < 100; i++) {
      assertThat(await(replies.get(2 * i)).remaining()).isEqualTo(4);
      assertThat(Payload.readU64(await(replies.get(2 * i + 1)))).isZero();
    }
    assertThat(await(frontend.status())).isEqualTo(99);
    await(frontend.close());
  }

  @Test
  void c40_aConfigChangeIsServedWhileTheMainSocketWaits() throws Exception {
    VhostUserFrontend frontend = connect(OPTIONS);
    AtomicInteger changes = new AtomicInteger();
    await(frontend.onConfigChange(changes::incrementAndGet));
    // The backend answers GET_STATUS only after its own request has been acknowledged.
    backend.answer(
        GET_STATUS,
        (c, request, p) -> {
          sendBackendRequest(BackendMessage.CONFIG_CHANGE_MSG.id());
          loop.vertx.setTimer(
              20,
              t -> {
                assertThat(backendReply()).isZero();
                c.send(request.reply(8), Payload.u64(7));
              });
        });

    assertThat(await(frontend.status())).isEqualTo(7);
    assertThat(changes).hasValue(1);
    await(frontend.close());
  }

  @Test
  void e5_otherRequestsOfTheBackendAreRefusedAndHarmNothing() throws Exception {
    VhostUserFrontend frontend = connect(OPTIONS);
    for (int id : new int[] {BackendMessage.SHMEM_UNMAP.id(), 99}) {
      sendBackendRequest(id);
      loop.settle();
      assertThat(backendReply()).isEqualTo(1);
    }
    assertThat(await(frontend.status())).isZero();
    await(frontend.close());
  }

  private void sendBackendRequest(int id) {
    ByteBuffer request = Payload.allocate(MessageHeader.SIZE);
    MessageHeader.request(id, true, 0).write(request);
    try {
      new ScmSocket(backend.backendSocket()).send(request, List.of());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private long backendReply() {
    ByteBuffer reply = Payload.allocate(MessageHeader.SIZE + 8);
    try {
      new ScmSocket(backend.backendSocket()).receive(reply, new ArrayList<>());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(reply.hasRemaining()).isFalse();
    assertThat(MessageHeader.read(reply).flags()).isEqualTo(5);
    return reply.getLong(MessageHeader.SIZE);
  }

  @Test
  void otherMemoryReplacesTheFormerSlotBySlot() throws Exception {
    VhostUserFrontend frontend = connect(OPTIONS);
    await(frontend.setMemory(memory));
    await(frontend.setMemory(memory));
    try (FrontendMemory other = FrontendMemory.create(4096)) {
      await(frontend.setMemory(other));
    }
    await(frontend.close());

    assertThat(backend.seen().stream().filter(message -> message.id() >= 37 && message.id() <= 38))
        .map(FrontendMessage::id)
        .containsExactly(37, 37, 38, 38, 37);
  }

  @Test
  void withoutAcknowledgementsRequestsCompleteWhenSent() throws Exception {
    backend.u64(GET_PROTOCOL_FEATURES, ScriptedBackend.without(ProtocolFeature.REPLY_ACK));
    VhostUserFrontend frontend = connect(OPTIONS);
    assertThat(await(frontend.request(SET_STATUS, Payload.u64(1))).remaining()).isZero();
    assertThat(await(frontend.status())).isEqualTo(1);
    await(frontend.close());
  }

  private static <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }
}
