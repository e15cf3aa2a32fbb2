package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.testkit.LogWatch;
import io.vhost4j.vhostuser.channel.ReceivedFds;
import io.vhost4j.vhostuser.channel.VhostUserChannel;
import io.vhost4j.vhostuser.channel.VhostUserListener;
import io.vhost4j.vhostuser.protocol.BackendMessage;
import io.vhost4j.vhostuser.protocol.ConfigSpace;
import io.vhost4j.vhostuser.protocol.FrontendMessage;
import io.vhost4j.vhostuser.protocol.MessageHeader;
import io.vhost4j.vhostuser.protocol.MessageType;
import io.vhost4j.vhostuser.protocol.Payload;
import io.vhost4j.vhostuser.protocol.ProtocolFeature;
import io.vhost4j.vhostuser.protocol.VhostFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon can do to the adapter, and what it hears of it, without a kernel. */
@Timeout(30)
class LoopbackAdapterTest {
  private static final int CHANGES = 500;

  /** Of a kernel that does whatever it is told. */
  private static final CardNode NODE =
      (CardNode)
          Proxy.newProxyInstance(
              CardNode.class.getClassLoader(),
              new Class<?>[] {CardNode.class},
              (proxy, method, arguments) -> null);

  private static final CardSlot SLOT =
      new CardSlot() {
        @Override
        public CardNode node() {
          return NODE;
        }

        @Override
        public long possibleFeatures() {
          return VirtioFeature.VERSION_1;
        }

        @Override
        public void lost(String reason) {}
      };

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(2));
  private final Context loop = NativeTransport.newLoop(vertx);
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch heard = new CountDownLatch(CHANGES);
  private final CompletableFuture<OwnedFd> backendSocket = new CompletableFuture<>();
  private final Queue<String> written = new ConcurrentLinkedQueue<>();
  private volatile boolean answersConfig = true;

  @TempDir Path directory;
  private Path socket;

  /** A daemon as far as it takes. */
  private final VhostUserChannel.Handler daemon =
      new VhostUserChannel.Handler() {
        @Override
        public int maxFds(int request) {
          return MessageType.fdLimit(FrontendMessage.of(request));
        }

        @Override
        public void message(
            VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
          switch (Objects.requireNonNull(FrontendMessage.of(header.request()))) {
            case GET_FEATURES ->
                reply(from, header, VirtioFeature.VERSION_1 | VhostFeature.PROTOCOL_FEATURES);
            case GET_PROTOCOL_FEATURES ->
                reply(
                    from,
                    header,
                    ProtocolFeature.mask(
                        ProtocolFeature.CONFIG,
                        ProtocolFeature.BACKEND_REQ,
                        ProtocolFeature.REPLY_ACK));
            case GET_CONFIG -> {
              asked.incrementAndGet();
              if (answersConfig) {
                from.send(header.reply(payload.remaining()), payload);
              }
            }
            case SET_CONFIG -> {
              ConfigSpace space = ConfigSpace.read(payload);
              written.add(
                  "%d bytes at %d: %d %d"
                      .formatted(
                          space.bytes().remaining(),
                          space.offset(),
                          space.bytes().get(0),
                          space.bytes().remaining() == 1 ? -1 : space.bytes().get(1)));
              reply(from, header, 0);
            }
            case SET_BACKEND_REQ_FD -> {
              backendSocket.complete(fds.take(0));
              reply(from, header, 0);
            }
            default -> {
              if (header.needsReply()) {
                reply(from, header, 0);
              }
            }
          }
        }

        private void reply(VhostUserChannel to, MessageHeader header, long value) {
          to.send(header.reply(Long.BYTES), Payload.u64(value));
        }

        @Override
        public void closed(VhostUserChannel which, String reason) {}
      };

  /** The daemon's end of the socket for its own requests. */
  private final VhostUserChannel.Handler replies =
      new VhostUserChannel.Handler() {
        @Override
        public int maxFds(int request) {
          return 0;
        }

        @Override
        public void message(
            VhostUserChannel from, MessageHeader header, ByteBuffer payload, ReceivedFds fds) {
          heard.countDown();
        }

        @Override
        public void closed(VhostUserChannel which, String reason) {}
      };

  @BeforeEach
  void listen() throws Exception {
    socket = directory.resolve("daemon.sock");
    CompletableFuture<VhostUserListener> listening = new CompletableFuture<>();
    loop.runOnContext(
        v -> {
          try {
            listening.complete(VhostUserListener.listen(loop, socket, fd -> open(fd, daemon)));
          } catch (IOException e) {
            listening.completeExceptionally(e);
          }
        });
    VhostUserListener unused = listening.get(10, TimeUnit.SECONDS);
  }

  @AfterEach
  void end() {
    vertx.close().await();
  }

  private VhostUserChannel open(OwnedFd fd, VhostUserChannel.Handler handler) {
    try {
      return VhostUserChannel.open(loop, fd, handler);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private LoopbackAdapter adapter(String name) {
    DeviceKind kind =
        DeviceKind.ALL.stream().filter(each -> each.name().equals(name)).findFirst().get();
    return new LoopbackAdapter(vertx, socket, kind, kind.queues(), 64);
  }

  private LoopbackAdapter begin() throws Exception {
    LoopbackAdapter adapter = adapter("vhucan");
    CardOffer offer = onLoop(adapter, () -> adapter.begin(SLOT));
    assertThat(offer.config().remaining()).isEqualTo(2);
    assertThat(asked).hasValue(1);
    return adapter;
  }

  private void flood(int request) throws Exception {
    OwnedFd fd = backendSocket.get(10, TimeUnit.SECONDS);
    loop.runOnContext(
        v -> {
          VhostUserChannel requests = open(fd, replies);
          for (int i = 0; i < CHANGES; i++) {
            requests.send(MessageHeader.request(request, true, 0), Payload.EMPTY);
          }
        });
    assertThat(heard.await(10, TimeUnit.SECONDS)).as("all of them were heard").isTrue();
  }

  private static <T> T onLoop(LoopbackAdapter adapter, Callable<Future<T>> action)
      throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    adapter
        .context()
        .runOnContext(
            v -> {
              try {
                action.call().onSuccess(result::complete).onFailure(result::completeExceptionally);
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    return result.get(10, TimeUnit.SECONDS);
  }

  private static void attached(LoopbackAdapter adapter) throws Exception {
    Void unused =
        onLoop(
            adapter,
            () -> {
              adapter.attached();
              return Future.succeededFuture();
            });
  }

  @Test
  void aDaemonThatOnlySaysThatItsConfigurationChangesIsAskedForItOnce() throws Exception {
    attached(begin());
    answersConfig = false;
    flood(BackendMessage.CONFIG_CHANGE_MSG.id());
    assertThat(asked.get()).isLessThanOrEqualTo(2);
  }

  /** The kernel may take seconds for the card, and would not take a change meanwhile. */
  @Test
  void whatChangesWhileTheCardComesIsAskedForWhenItIsThere() throws Exception {
    LoopbackAdapter adapter = begin();
    answersConfig = false;
    flood(BackendMessage.CONFIG_CHANGE_MSG.id());
    assertThat(asked).hasValue(1);
    attached(adapter);
    for (int i = 0; i < 1000 && asked.get() == 1; i++) {
      Thread.sleep(10);
    }
    assertThat(asked).hasValue(2);
  }

  @Test
  void aDaemonThatAsksForWhatThereIsNotFillsNoLog() throws Exception {
    try (LogWatch log = new LogWatch()) {
      LoopbackAdapter adapter = begin();
      flood(BackendMessage.IOTLB_MSG.id());
      Void unused = onLoop(adapter, adapter::end);
      assertThat(log.lines()).filteredOn(line -> line.contains("refused")).hasSize(11);
      assertThat(log.lines()).anyMatch(line -> line.contains("490 more lines"));
    }
  }

  @Test
  void aDaemonOfAnInputDeviceIsToldTheWholeSelectionAtEachWrite() throws Exception {
    LoopbackAdapter adapter = adapter("vhuinput");
    CardOffer unused = onLoop(adapter, () -> adapter.begin(SLOT));
    write(adapter, 0, 0x11);
    write(adapter, 1, 3);
    write(adapter, 0, 1);
    assertThat(written)
        .containsExactly("136 bytes at 0: 17 0", "136 bytes at 0: 17 3", "136 bytes at 0: 1 3");
  }

  @Test
  void aDaemonOfADiskIsToldWhatItsDriverWrites() throws Exception {
    LoopbackAdapter adapter = adapter("vhublk");
    CardOffer unused = onLoop(adapter, () -> adapter.begin(SLOT));
    write(adapter, 32, 1);
    assertThat(written).containsExactly("1 bytes at 32: 1 -1");
  }

  private static void write(LoopbackAdapter adapter, int offset, int value) throws Exception {
    ByteBuffer bytes = ByteBuffer.wrap(new byte[] {(byte) value});
    Object unused = onLoop(adapter, () -> adapter.writeConfig(offset, bytes));
  }
}
