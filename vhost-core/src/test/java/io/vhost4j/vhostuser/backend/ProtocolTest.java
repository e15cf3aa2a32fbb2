package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vhost4j.device.DeviceConfig;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.memory.MemoryRegion;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.vhostuser.protocol.BackendMessage;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MemoryTable;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import io.vhost4j.vhostuser.protocol.VringState;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Negotiation, acknowledgements, configuration and memory messages. */
class ProtocolTest {
  private static final long WITH_STATUS = Guest.PROTOCOL | ProtocolFeature.STATUS.mask();

  @RegisterExtension final Backend backend = new Backend();

  private final TestDevice device = new TestDevice("copy", 3, TestDevice.Manner.AT_ONCE);

  private RawFrontend connect() throws Exception {
    return new RawFrontend(backend.serve(device));
  }

  private RawFrontend negotiated(long protocol) throws Exception {
    RawFrontend frontend = connect();
    frontend.tell(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(protocol));
    return frontend;
  }

  @Test
  void repliesEchoTheRequestWithFlagsOfExactlyFiveInTheOrderOfTheRequestsC2() throws Exception {
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      FrontendMessage[] requests = {
        FrontendMessage.GET_QUEUE_NUM,
        FrontendMessage.GET_FEATURES,
        FrontendMessage.GET_MAX_MEM_SLOTS,
        FrontendMessage.GET_PROTOCOL_FEATURES
      };
      for (FrontendMessage request : requests) {
        frontend.tell(request, Payload.EMPTY);
      }
      for (FrontendMessage request : requests) {
        assertThat(frontend.receive().header())
            .isEqualTo(new MessageHeader(request.id(), 0x5, Long.BYTES));
      }
    }
  }

  @Test
  void theOfferHasTheEnginesFeaturesAndTheDevicesAndNothingElseB1B2() throws Exception {
    try (RawFrontend frontend = connect()) {
      assertThat(frontend.askU64(FrontendMessage.GET_FEATURES))
          .isEqualTo(
              VirtioFeature.VERSION_1
                  | VirtioFeature.INDIRECT_DESC
                  | VirtioFeature.EVENT_IDX
                  | VhostFeature.PROTOCOL_FEATURES
                  | TestDevice.FEATURE);
      // Bit 30 is offered, so these are legal before SET_FEATURES (C5).
      assertThat(frontend.askU64(FrontendMessage.GET_PROTOCOL_FEATURES)).isEqualTo(WITH_STATUS);
      frontend.tell(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(WITH_STATUS));
      assertThat(frontend.askU64(FrontendMessage.GET_QUEUE_NUM)).isEqualTo(3);
    }
  }

  /** QEMU prints a warning if its device has none either. */
  @Test
  void aDeviceWithoutConfigurationSpaceDoesNotOfferOne() throws Exception {
    TestDevice bare =
        new TestDevice("bare", 1, TestDevice.Manner.AT_ONCE) {
          @Override
          public DeviceConfig config() {
            return DeviceConfig.NONE;
          }
        };
    long rest = WITH_STATUS & ~ProtocolFeature.CONFIG.mask();
    try (Guest guest = new Guest(backend.serve(bare))) {
      assertThat(guest.frontend.askU64(FrontendMessage.GET_PROTOCOL_FEATURES)).isEqualTo(rest);
      guest.negotiate(Guest.FEATURES, rest);
      guest.shareMemory();
      guest.play(guest.startQueue());
    }
  }

  @Test
  void everySubsetOfTheOfferIsAcceptedAndAfterAResetAgainB3() throws Exception {
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      long offer = frontend.askU64(FrontendMessage.GET_FEATURES);
      for (int round = 0; round < 2; round++) {
        long subset = offer;
        do {
          subset = (subset - 1) & offer; // all of them, from one less than the offer down to none
          assertThat(frontend.acked(FrontendMessage.SET_FEATURES, Payload.u64(subset)))
              .as("0x%x of 0x%x", subset, offer)
              .isZero();
        } while (subset != 0);
        assertThat(frontend.acked(FrontendMessage.RESET_DEVICE, Payload.EMPTY)).isZero();
      }
    }
  }

  @Test
  void featuresOutsideOfTheOfferAreRefusedAndThoseBeforeStayC7() throws Exception {
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      long good = VirtioFeature.VERSION_1 | VhostFeature.PROTOCOL_FEATURES;
      assertThat(frontend.acked(FrontendMessage.SET_FEATURES, Payload.u64(good))).isZero();
      assertThat(
              frontend.acked(
                  FrontendMessage.SET_FEATURES, Payload.u64(good | VirtioFeature.RING_PACKED)))
          .isNotZero();
      assertThat(device.events)
          .as("the device does not see bit 30")
          .containsExactly("connected", "features " + Long.toHexString(VirtioFeature.VERSION_1));
      // SET_VRING_ENABLE needs bit 30 to be acknowledged: it still is.
      assertThat(frontend.acked(FrontendMessage.SET_VRING_ENABLE, new VringState(0, 1).encode()))
          .isZero();
    }
  }

  @Test
  void acknowledgementsComeOnlyIfNegotiatedAndAskedForC8C9C11() throws Exception {
    int needReply = MessageHeader.VERSION | MessageHeader.FLAG_NEED_REPLY;
    try (RawFrontend frontend = connect()) {
      frontend.send(FrontendMessage.SET_OWNER.id(), needReply, 0, Payload.EMPTY);
      // The answer to the next request comes first: there was none to SET_OWNER.
      frontend.askU64(FrontendMessage.GET_FEATURES);
      frontend.tell(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(Guest.PROTOCOL));
      frontend.tell(FrontendMessage.SET_OWNER, Payload.EMPTY);
      frontend.askU64(FrontendMessage.GET_FEATURES);
      assertThat(frontend.acked(FrontendMessage.SET_OWNER, Payload.EMPTY)).isZero();
    }
  }

  @Test
  void aMessageWithAReplyOfItsOwnGetsJustThatOneThoughAnAcknowledgementIsAskedForC10()
      throws Exception {
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      int flags = MessageHeader.VERSION | MessageHeader.FLAG_NEED_REPLY;
      frontend.send(FrontendMessage.GET_QUEUE_NUM.id(), flags, 0, Payload.EMPTY);
      assertThat(frontend.receive().u64()).isEqualTo(3);
      frontend.askU64(FrontendMessage.GET_FEATURES);
      assertThat(frontend.hasNews()).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 12, 12", // a part (A6)
    "0, 16, 16", // all of it
    "0, 64, 64", // more than there is: zeros (A6)
    "4, 8, 8",
    "12, 32, 32",
    "16, 4, 4", // all zeros
    "17, 4, -12", // an empty payload is the error (C38, E3)
    "-1, 4, -12",
  })
  void configurationIsAnsweredAtTheLengthAskedForA5A6C38H8(int offset, int length, int answered)
      throws Exception {
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      RawFrontend.Reply reply =
          frontend.ask(
              FrontendMessage.GET_CONFIG,
              new ConfigSpace(offset, 0, ByteBuffer.allocate(length)).encode());
      assertThat(reply.payload().remaining()).isEqualTo(ConfigSpace.HEADER_SIZE + answered);
      if (answered >= 0) {
        ConfigSpace space = ConfigSpace.read(reply.payload());
        byte[] content = new byte[length];
        space.bytes().get(content);
        byte[] expected =
            Arrays.copyOfRange(device.config().bytes().array(), offset, offset + length);
        assertThat(content).isEqualTo(expected);
        assertThat(space.offset()).isEqualTo(offset);
      }
    }
  }

  @Test
  void theConfigurationIsWritableByTheDriverC39() throws Exception {
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      byte[] written = new byte[24]; // longer than the space, as a frontend of a larger one sends
      Arrays.fill(written, (byte) 7);
      assertThat(
              frontend.acked(
                  FrontendMessage.SET_CONFIG,
                  new ConfigSpace(4, ConfigSpace.FLAGS_WRITE, ByteBuffer.wrap(written)).encode()))
          .isZero();
      assertThat(device.config().bytes().array()).startsWith(1, 2, 3, 4, 7).endsWith(7);
      assertThat(
              frontend.acked(
                  FrontendMessage.SET_CONFIG,
                  new ConfigSpace(0, 2, ByteBuffer.wrap(written)).encode()))
          .as("flags that do not exist")
          .isNotZero();
      assertThat(
              frontend.acked(
                  FrontendMessage.SET_CONFIG,
                  new ConfigSpace(17, 0, ByteBuffer.wrap(written)).encode()))
          .as("beyond the end")
          .isNotZero();
      assertThat(device.config().bytes().array()).startsWith(1, 2, 3, 4, 7);
    }
  }

  /** The device finds it so in its reset, as what depends on it has to follow. */
  @Test
  void aResetTakesBackWhatTheDriverHasWrittenC36() throws Exception {
    AtomicInteger found = new AtomicInteger();
    device.resets =
        () -> {
          found.set(device.config().bytes().get(0));
          return Future.succeededFuture();
        };
    try (RawFrontend frontend = negotiated(Guest.PROTOCOL)) {
      ByteBuffer written =
          new ConfigSpace(0, ConfigSpace.FLAGS_WRITE, ByteBuffer.wrap(new byte[] {9})).encode();
      assertThat(frontend.acked(FrontendMessage.SET_CONFIG, written)).isZero();
      assertThat(device.config().bytes().get(0)).isEqualTo((byte) 9);
      assertThat(frontend.acked(FrontendMessage.RESET_DEVICE, Payload.EMPTY)).isZero();
      assertThat(found).hasValue(1);
    }
  }

  @Test
  void theNumberOfMemorySlotsIsTheSameForEverC25() throws Exception {
    Path path = backend.serve(device);
    for (int i = 0; i < 2; i++) {
      try (RawFrontend frontend = new RawFrontend(path)) {
        frontend.tell(FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(Guest.PROTOCOL));
        assertThat(frontend.askU64(FrontendMessage.GET_MAX_MEM_SLOTS)).isEqualTo(509);
        frontend.tell(FrontendMessage.SET_OWNER, Payload.EMPTY);
        assertThat(frontend.askU64(FrontendMessage.GET_MAX_MEM_SLOTS)).isEqualTo(509);
      }
    }
  }

  @Test
  void memoryRegionsComeAndGoOneByOneC24() throws Exception {
    try (Guest guest = new Guest(backend.serve(device))) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL);
      RawFrontend frontend = guest.frontend;
      ByteBuffer region = MemoryTable.encodeSingle(Guest.region());
      assertThat(frontend.acked(FrontendMessage.ADD_MEM_REG, region, guest.file)).isZero();
      Guest.Queue queue = guest.startQueue();
      guest.play(queue);

      assertThat(frontend.acked(FrontendMessage.ADD_MEM_REG, region, guest.file))
          .as("overlaps itself (C23)")
          .isNotZero();
      ByteBuffer elsewhere =
          MemoryTable.encodeSingle(new MemoryRegion(0x1000_0000, 4096, 0x1000_0000, 4096));
      assertThat(frontend.acked(FrontendMessage.ADD_MEM_REG, elsewhere, guest.file)).isZero();
      guest.play(queue);
      // The file offset does not count, and a descriptor that came along is closed unused.
      ByteBuffer otherOffset =
          MemoryTable.encodeSingle(new MemoryRegion(0x1000_0000, 4096, 0x1000_0000, 0));
      assertThat(frontend.acked(FrontendMessage.REM_MEM_REG, otherOffset, guest.file)).isZero();
      assertThat(frontend.acked(FrontendMessage.REM_MEM_REG, otherOffset))
          .as("not there any more")
          .isNotZero();
      guest.play(queue);
    }
  }

  private static OwnedFd giveBackendSocket(RawFrontend frontend) throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    try (OwnedFd theirs = pair[1]) {
      frontend.tell(FrontendMessage.SET_BACKEND_REQ_FD, Payload.EMPTY, theirs);
    }
    return pair[0];
  }

  private void changeConfig() throws Exception {
    backend.onLoop(() -> device.context().configChanged());
  }

  @Test
  void aChangeOfTheConfigurationIsToldWhileARingRunsC40() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        RawFrontend channel = new RawFrontend(giveBackendSocket(guest.frontend))) {
      guest.sync();
      changeConfig();
      assertThat(channel.receive().header())
          .isEqualTo(MessageHeader.request(BackendMessage.CONFIG_CHANGE_MSG.id(), false, 0));

      // Suspended: not a word, until a ring runs again (C19).
      int base = guest.stop(guest.queues.get(0));
      changeConfig();
      changeConfig();
      guest.sync();
      backend.settle();
      assertThat(channel.hasNews()).isFalse();
      guest.start(guest.queues.get(0), base, true);
      guest.sync();
      assertThat(channel.receive().header().request())
          .isEqualTo(BackendMessage.CONFIG_CHANGE_MSG.id());
      assertThat(channel.hasNews()).as("once").isFalse();
    }
  }

  /** To read it could wait for whoever else reads the same socket. */
  @Test
  void whatAFrontendSaysOnTheBackendsSocketIsNotRead() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        RawFrontend channel = new RawFrontend(giveBackendSocket(guest.frontend))) {
      guest.sync();
      channel.sendRaw(Payload.u64(-1), guest.file);
      channel.sendRaw(Payload.u64(-1));
      backend.settle();
      changeConfig();
      assertThat(channel.receive().header().request())
          .isEqualTo(BackendMessage.CONFIG_CHANGE_MSG.id());
    }
  }

  @Test
  void aChangeIsNotToldWithoutTheFeatureConfigC40() throws Exception {
    try (Guest guest = new Guest(backend.serve(device))) {
      guest.negotiate(Guest.FEATURES, Guest.PROTOCOL & ~ProtocolFeature.CONFIG.mask());
      guest.shareMemory();
      guest.start(guest.addQueue(0), true);
      try (RawFrontend channel = new RawFrontend(giveBackendSocket(guest.frontend))) {
        guest.sync();
        changeConfig();
        guest.sync();
        backend.settle();
        assertThat(channel.hasNews()).isFalse();
      }
    }
  }

  @Test
  void aBackendChannelIsReplacedAndItsEndIsNoMatter() throws Exception {
    try (Guest guest = Guest.running(backend.serve(device), 1);
        RawFrontend first = new RawFrontend(giveBackendSocket(guest.frontend));
        RawFrontend second = new RawFrontend(giveBackendSocket(guest.frontend))) {
      assertThat(first.isHungUpOn()).isTrue();
      guest.sync();
      // What comes on it is no answer to anything, and nobody waits for it.
      second.send(2, 5, 8, Payload.u64(0), guest.queues.get(0).call.fd());
      changeConfig();
      second.receive();
      second.fd().close();
      changeConfig();
      guest.play(guest.queues.get(0));
    }
  }

  @Test
  void protocolFeaturesInConflictEndTheConnectionC41() throws Exception {
    try (RawFrontend frontend = connect()) {
      frontend.tell(
          FrontendMessage.SET_PROTOCOL_FEATURES,
          Payload.u64(ProtocolFeature.INBAND_NOTIFICATIONS.mask()));
      assertThat(frontend.isHungUpOn()).isTrue();
    }
  }

  @Test
  void messagesOfFeaturesThatWereNotNegotiatedAreNotObeyedE5() throws Exception {
    Path path = backend.serve(device);
    try (RawFrontend frontend = new RawFrontend(path)) {
      frontend.tell(FrontendMessage.GET_QUEUE_NUM, Payload.EMPTY);
      assertThat(frontend.isHungUpOn()).isTrue();
    }
    try (RawFrontend frontend = new RawFrontend(path)) {
      frontend.tell(
          FrontendMessage.SET_PROTOCOL_FEATURES, Payload.u64(ProtocolFeature.REPLY_ACK.mask()));
      assertThat(frontend.acked(FrontendMessage.RESET_DEVICE, Payload.EMPTY)).isNotZero();
      assertThat(frontend.acked(FrontendMessage.SET_STATUS, Payload.u64(0))).isNotZero();
      assertThat(device.events).hasSize(4);
    }
  }
}
