package io.vhost4j.vhostuser.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.event.EventFd;
import io.vhost4j.event.OnLoop;
import io.vhost4j.event.TestFiles;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.ScmSocket;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.nativeio.WideSocket;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("jdk")
class VhostUserChannelTest {
  private final OnLoop loop = new OnLoop();
  private final Recorder recorder = new Recorder();
  private OwnedFd peer;
  private ScmSocket wire;
  private VhostUserChannel channel;
  private long openBefore;

  @BeforeEach
  void connect() throws Exception {
    loop.settle();
    openBefore = TestFiles.open();
    open(recorder);
  }

  private void open(VhostUserChannel.Handler handler) throws Exception {
    OwnedFd[] pair = UnixSocket.pair();
    peer = pair[0];
    wire = new ScmSocket(peer);
    channel = loop.call(() -> VhostUserChannel.open(loop.context, pair[1], handler));
  }

  @AfterEach
  void close() {
    peer.close();
    loop.close();
  }

  @Test
  void pipelinedMessagesKeepTheirOwnDescriptors() throws Exception {
    // The kernel would hand over the first message together with the descriptors of the second.
    List<OwnedFd> eight = eventFds(8);
    List<OwnedFd> one = eventFds(1);
    loop.run(
        () -> {
          write(bytes(2, Payload.u64(1)), List.of());
          write(bytes(5, Payload.u64(2)), eight);
          write(bytes(12, Payload.u64(3)), one);
          write(bytes(3, Payload.EMPTY), List.of());
        });

    assertMessage(recorder.next(), 2, 0);
    Recorder.Message table = recorder.next();
    assertMessage(table, 5, 8);
    Recorder.Message kick = recorder.next();
    assertMessage(kick, 12, 1);
    assertMessage(recorder.next(), 3, 0);

    // Order of the descriptors: signal the third that was sent, see the third that came.
    signal(eight.get(2));
    assertThat(readable(table.fds().get(2))).isTrue();
    assertThat(readable(table.fds().get(3))).isFalse();
    signal(one.get(0));
    assertThat(readable(kick.fds().get(0))).isTrue();
    closeAll(eight, one, table.fds(), kick.fds());
    assertNoLeak();
  }

  @Test
  void aMessageThatComesByteByByteIsDeliveredOnceWithItsDescriptor() throws Exception {
    List<OwnedFd> one = eventFds(1);
    ByteBuffer message = bytes(12, Payload.u64(7));
    List<OwnedFd> fds = one;
    for (int i = 0; i < message.capacity(); i++) {
      write(message.slice(i, 1), fds);
      fds = List.of();
      if (i % 5 == 0) {
        loop.settle();
        assertThat(recorder.isEmpty()).isTrue();
      }
    }

    Recorder.Message received = recorder.next();
    assertMessage(received, 12, 1);
    assertThat(Payload.readU64(received.payload())).isEqualTo(7);
    closeAll(one, received.fds());
    loop.settle();
    assertThat(recorder.isEmpty()).isTrue();
  }

  @Test
  void descriptorsThatTheHandlerDoesNotTakeAreClosed() throws Exception {
    peer.close();
    open(
        new Recorder() {
          @Override
          public void message(
              VhostUserChannel c, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
            fds.take(1).close();
          }
        });
    List<OwnedFd> fds = eventFds(3);
    write(bytes(5, Payload.EMPTY), fds);
    closeAll(fds);
    loop.settle();
    loop.run(() -> channel.close("end of test"));

    assertNoLeak();
  }

  @Test
  void c1_moreDescriptorsThanAnyMessageHasCloseTheConnectionAndAllOfThem() throws Exception {
    List<OwnedFd> many = eventFds(1);
    List<OwnedFd> fds = Collections.nCopies(ScmSocket.MAX_FDS, many.get(0));
    write(bytes(5, Payload.EMPTY), fds);
    Recorder.Message most = recorder.next();
    assertThat(most.fds()).hasSize(ScmSocket.MAX_FDS);
    closeAll(most.fds());

    wire = WideSocket.of(peer);
    write(bytes(5, Payload.EMPTY), Collections.nCopies(ScmSocket.MAX_FDS + 1, many.get(0)));

    assertThat(recorder.closeReason()).contains("descriptors were lost");
    closeAll(many);
    assertNoLeak();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 11, 12, 13, 19})
  void c1_descriptorsBehindTheFirstByteCloseTheConnectionAtOnce(int before) throws Exception {
    List<OwnedFd> one = eventFds(1);
    ByteBuffer message = bytes(12, Payload.u64(7));
    write(message.slice(0, before), List.of());
    loop.settle();
    write(message.slice(before, 1), one);
    closeAll(one);

    assertThat(recorder.closeReason()).contains("behind the first byte");
    assertThat(recorder.isEmpty()).isTrue();
    assertNoLeak();
  }

  @ParameterizedTest
  @CsvSource({"12, 2", "2, 1", "9999, 1", "-1, 1"})
  void e8_moreDescriptorsThanItsRowAllowsCloseTheConnectionAtOnce(int request, int count)
      throws Exception {
    List<OwnedFd> fds = eventFds(count);
    write(bytes(request, Payload.u64(7)).slice(0, 4), fds); // the rest of the message never comes
    closeAll(fds);

    assertThat(recorder.closeReason()).contains("came with " + count + " descriptors");
    assertThat(recorder.isEmpty()).isTrue();
    assertNoLeak();
  }

  @Test
  void anIncompleteMessageHoldsNoMoreDescriptorsThanAnyMessageHas() throws Exception {
    wire = WideSocket.of(peer);
    List<OwnedFd> one = eventFds(1);
    ByteBuffer message = bytes(5, Payload.u64(7));
    int sent = 0;
    try {
      while (sent < message.capacity()) {
        write(message.slice(sent, 1), Collections.nCopies(60, one.get(0)));
        sent++;
        loop.settle();
        assertThat(TestFiles.open() - openBefore).isLessThan(2 + 1 + ScmSocket.MAX_FDS);
      }
    } catch (NativeIoException hungUp) {
      assertThat(hungUp.errno()).isEqualTo(Errno.EPIPE);
    }
    closeAll(one);

    assertThat(recorder.closeReason()).contains("descriptors were lost");
    assertNoLeak();
  }

  @Test
  void whatThePeerSentBeforeItClosedIsDelivered() throws Exception {
    loop.run(
        () -> {
          for (int i = 0; i < 10; i++) {
            write(bytes(2, Payload.u64(i)), List.of());
          }
          peer.close();
        });

    for (int i = 0; i < 10; i++) {
      assertThat(Payload.readU64(recorder.next().payload())).isEqualTo(i);
    }
    assertThat(recorder.closeReason()).isEqualTo(VhostUserChannel.PEER_CLOSED);
    assertThat(recorder.closedCalls).isEqualTo(1);
    assertNoLeak();
  }

  @Test
  void e4_aTruncatedMessageClosesTheConnectionAndItsDescriptors() throws Exception {
    List<OwnedFd> fds = eventFds(2);
    write(bytes(5, Payload.u64(0)).slice(0, 15), fds);
    closeAll(fds);
    peer.close();

    assertThat(recorder.closeReason()).contains("middle of a message");
    assertThat(recorder.isEmpty()).isTrue();
    assertNoLeak();
  }

  @Test
  void e4_aHeaderThatCannotBeFollowedClosesTheConnection() throws Exception {
    ByteBuffer header = Payload.allocate(MessageHeader.SIZE);
    new MessageHeader(1, 2, 0).write(header);
    write(header, List.of());

    assertThat(recorder.closeReason()).contains("version 2");
  }

  @Test
  void e4_anAbsurdSizeClosesTheConnection() throws Exception {
    ByteBuffer header = Payload.allocate(MessageHeader.SIZE);
    new MessageHeader(1, 1, -1).write(header);
    write(header, List.of());

    assertThat(recorder.closeReason()).contains("4294967295 bytes");
  }

  @Test
  void aHandlerThatThrowsClosesItsOwnChannelOnly() throws Exception {
    Recorder thrower =
        new Recorder() {
          @Override
          public void message(
              VhostUserChannel c, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
            throw new AssertionError("thrown by a handler, as it should be");
          }
        };
    OwnedFd[] pair = UnixSocket.pair();
    loop.run(() -> VhostUserChannel.open(loop.context, pair[1], thrower));
    List<OwnedFd> fds = eventFds(1);
    new ScmSocket(pair[0]).send(bytes(12, Payload.u64(0)), fds);
    assertThat(thrower.closeReason()).startsWith("internal error");
    closeAll(fds, List.of(pair[0]));

    write(bytes(1, Payload.EMPTY), List.of());
    assertMessage(recorder.next(), 1, 0);
    loop.run(() -> channel.close("end of test"));
    assertNoLeak();
  }

  @Test
  void nothingIsDeliveredWhilePausedAndEverythingAfterwards() throws Exception {
    loop.run(channel::pause);
    write(bytes(1, Payload.EMPTY), List.of());
    loop.settle();
    assertThat(recorder.isEmpty()).isTrue();

    loop.run(channel::resume);
    assertMessage(recorder.next(), 1, 0);
  }

  @Test
  void messagesThatTheSocketDoesNotTakeWaitAndArriveInOrderWithTheirDescriptors() throws Exception {
    int count = 600;
    loop.run(
        () -> {
          for (int i = 0; i < count; i++) {
            List<OwnedFd> fds = i % 10 == 0 ? eventFds(1) : List.of();
            channel.send(MessageHeader.request(i, false, 8), Payload.u64(i), fds);
            closeAll(fds);
          }
        });

    List<OwnedFd> received = new ArrayList<>();
    ByteBuffer message = Payload.allocate(MessageHeader.SIZE + 8);
    for (int i = 0; i < count; i++) {
      message.clear();
      int fdsBefore = received.size();
      while (message.hasRemaining()) {
        if (wire.receive(message, received) == ScmSocket.NOTHING) {
          loop.settle();
        }
      }
      assertThat(MessageHeader.read(message).request()).isEqualTo(i);
      assertThat(message.getLong(MessageHeader.SIZE)).isEqualTo(i);
      assertThat(received.size() - fdsBefore).isEqualTo(i % 10 == 0 ? 1 : 0);
    }
    closeAll(received);
    loop.run(() -> channel.close("end of test"));
    assertNoLeak();
  }

  @Test
  void aPeerThatNeverReadsIsGivenUp() throws Exception {
    loop.run(
        () -> {
          List<OwnedFd> fds = eventFds(1);
          for (int i = 0; i < 2 * VhostUserChannel.MAX_QUEUED; i++) {
            channel.send(MessageHeader.request(1, false, 8), Payload.u64(i), fds);
          }
          closeAll(fds);
        });

    assertThat(recorder.closeReason()).contains("does not read");
    assertNoLeak();
  }

  @Test
  void sendingToAPeerThatIsGoneClosesTheChannelOnce() throws Exception {
    peer.close();
    loop.run(
        () -> {
          channel.send(MessageHeader.request(1, false, 0), Payload.EMPTY);
          channel.send(MessageHeader.request(1, false, 0), Payload.EMPTY);
          channel.close("again");
        });

    assertThat(recorder.closeReason()).isEqualTo(VhostUserChannel.PEER_CLOSED);
    loop.settle();
    assertThat(recorder.closedCalls).isEqualTo(1);
    assertNoLeak();
  }

  @Test
  void aHeaderThatDoesNotFitItsPayloadIsTheCallersMistake() throws Exception {
    loop.run(
        () ->
            assertThatThrownBy(
                    () -> channel.send(MessageHeader.request(1, false, 4), Payload.EMPTY))
                .isInstanceOf(IllegalArgumentException.class));
  }

  @Test
  void whatIsNoUnixSocketIsRefusedAndClosed() throws Exception {
    OwnedFd file = TestFiles.regularFile();
    loop.run(
        () ->
            assertThatThrownBy(() -> VhostUserChannel.open(loop.context, file, recorder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a Unix stream socket"));
    assertThat(file.isOpen()).isFalse();
  }

  private static ByteBuffer bytes(int request, ByteBuffer payload) {
    ByteBuffer bytes = Payload.allocate(MessageHeader.SIZE + payload.remaining());
    MessageHeader.request(request, false, payload.remaining()).write(bytes);
    bytes.put(MessageHeader.SIZE, payload, 0, payload.remaining());
    return bytes;
  }

  private void write(ByteBuffer bytes, List<OwnedFd> fds) throws IOException {
    assertThat(wire.send(bytes, fds)).isEqualTo(bytes.limit());
  }

  private static void assertMessage(Recorder.Message message, int request, int fds) {
    assertThat(message.header().request()).isEqualTo(request);
    assertThat(message.fds()).hasSize(fds);
    if (FrontendMessage.of(request) == null) {
      throw new AssertionError("the test uses an unknown message");
    }
  }

  private static List<OwnedFd> eventFds(int count) {
    List<OwnedFd> fds = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      fds.add(EventFd.create().fd());
    }
    return fds;
  }

  private static void signal(OwnedFd fd) throws IOException {
    EventFd.adopt(fd).signal();
  }

  private static boolean readable(OwnedFd fd) throws IOException {
    return EventFd.adopt(fd).drain() > 0;
  }

  @SafeVarargs
  private static void closeAll(List<OwnedFd>... lists) {
    for (List<OwnedFd> list : lists) {
      list.forEach(OwnedFd::close);
    }
  }

  private void assertNoLeak() throws Exception {
    peer.close();
    loop.settle();
    TestFiles.awaitOpen(openBefore);
  }
}
