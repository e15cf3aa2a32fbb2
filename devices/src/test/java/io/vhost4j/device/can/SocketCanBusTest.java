package io.vhost4j.device.can;

import static io.vhost4j.device.can.CanGuest.NOT_OK;
import static io.vhost4j.device.can.CanGuest.OK;
import static io.vhost4j.device.can.CanGuest.START;
import static io.vhost4j.device.can.CanGuest.STOP;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.unix.Socket;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.nativeio.CanSocket;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.LogWatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How sockets are opened, on a machine that may have none. */
class SocketCanBusTest {
  private static final Path NOWHERE = Path.of("/there/is/none");

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Semaphore permits = new Semaphore(0);
  private final AtomicInteger opened = new AtomicInteger();
  private final CanDevice device =
      new CanDevice("can", new SocketCanBus("can9", NOWHERE, this::open, true, true), 0);

  /** Waits as the kernel may, then there is no such interface. */
  private CanSocket open(String name, boolean confirms) throws NativeIoException {
    opened.incrementAndGet();
    permits.acquireUninterruptibly();
    try (DeviceFile nothing = DeviceFile.open(NOWHERE)) {
      throw new AssertionError(nothing);
    }
  }

  @AfterEach
  void close() throws Exception {
    permits.release(100_000);
    Guest.await(vertx.close());
  }

  private static void await(AtomicInteger number, int value) throws InterruptedException {
    for (int k = 0; k < 4000 && number.get() < value; k++) {
      Thread.sleep(5);
    }
    assertThat(number.get()).isGreaterThanOrEqualTo(value);
  }

  @Test
  void aGuestThatStartsAndStopsWithoutEndHasOneSocketOpenedAtATime() throws Exception {
    try (CanGuest guest = new CanGuest(vertx, device)) {
      for (int i = 0; i < 100; i++) {
        assertThat(guest.command(START)).isEqualTo(OK);
        assertThat(guest.command(STOP)).isEqualTo(OK);
      }
      assertThat(guest.command(START)).isEqualTo(OK);
      permits.release(1000);
      await(opened, 2);
      assertThat(guest.command(STOP)).isEqualTo(OK);
      assertThat(guest.command(START)).isEqualTo(OK);
      await(opened, 3); // one after the other: behind any that were left
      assertThat(opened.get()).as("not one for each start").isBetween(3, 9);
    }
  }

  @Test
  void framesWaitWhileTheSocketIsOpenedAndAreRefusedIfThatFails() throws Exception {
    try (CanGuest guest = new CanGuest(vertx, device)) {
      assertThat(guest.command(START)).isEqualTo(OK);
      guest.send("001#");
      assertThat(guest.results).isEmpty();
      permits.release();
      for (int k = 0; k < 4000 && guest.results.isEmpty(); k++) {
        Thread.sleep(5);
        guest.guest.run(guest.tx::collect);
      }
      assertThat(guest.results).containsExactly(NOT_OK);
      guest.send("002#");
      assertThat(guest.results).containsExactly(NOT_OK, NOT_OK);
    }
  }

  /**
   * A socket of which this test has the other end: what is sent there is read as frames, which is
   * all that a raw CAN socket has to do here.
   */
  private static CanSocket socketOf(OwnedFd fd) throws Exception {
    Constructor<CanSocket> constructor =
        CanSocket.class.getDeclaredConstructor(OwnedFd.class, String.class);
    constructor.setAccessible(true);
    return constructor.newInstance(fd, "lo"); // which is up
  }

  /** Linux passes on what a program has written to vcan: controllers have no such bits to send. */
  @Test
  void aStandardFrameHas11BitsOfIdWhateverAProgramHasWritten() throws Exception {
    OwnedFd[] ends = UnixSocket.pair();
    CanSocket socket = socketOf(ends[0]);
    SocketCanBus bus = new SocketCanBus("can9", NOWHERE, (name, confirms) -> socket, true, true);
    try (OwnedFd other = ends[1];
        CanGuest guest = new CanGuest(vertx, new CanDevice("can", bus, 0))) {
      guest.post(4, 80);
      assertThat(guest.command(START)).isEqualTo(OK);
      ByteBuffer frame = ByteBuffer.allocateDirect(CanSocket.FRAME).order(ByteOrder.nativeOrder());
      frame.putInt(0, 0x0abc_d123).put(CanSocket.LENGTH_OFFSET, (byte) 1).put(8, (byte) 7);
      assertThat(UnixSocket.send(other, frame)).isEqualTo(CanSocket.FRAME);
      for (int k = 0; k < 4000 && guest.received.isEmpty(); k++) {
        Thread.sleep(5);
        guest.guest.run(guest.rx::collect);
      }
      assertThat(guest.received).containsExactly(Frames.rx("123#07"));
    }
  }

  /**
   * What the kernel drops last it tells with the next frame, which does not come. A UDP socket can
   * stand for one of CAN: it drops what it has no room for, and counts that.
   */
  @Test
  void aFrameWhoseConfirmationIsLostOnASilentBusIsRepliedTo_L6() throws Exception {
    InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Socket host = Socket.newSocketDgram();
    host.bind(anywhere);
    CanSocket socket = socketOf(new OwnedFd(host.intValue()));
    SocketCanBus bus = new SocketCanBus("can9", NOWHERE, (name, confirms) -> socket, true, true);
    try (DatagramChannel others = DatagramChannel.open();
        CanGuest guest = new CanGuest(vertx, new CanDevice("can", bus, 0))) {
      others.bind(anywhere).configureBlocking(false);
      host.connect(others.getLocalAddress());
      assertThat(guest.command(START)).isEqualTo(OK);
      guest.send("001#");
      ByteBuffer seen = ByteBuffer.allocate(100);
      SocketAddress from = others.receive(seen);
      for (int k = 0; k < 4000 && from == null; k++) {
        Thread.sleep(5);
        from = others.receive(seen);
      }
      others.connect(Objects.requireNonNull(from));
      guest.guest.run(() -> flood(others)); // on the event loop, which reads nothing meanwhile
      for (int k = 0; k < 4000 && guest.results.isEmpty(); k++) {
        Thread.sleep(5);
        guest.guest.run(guest.tx::collect);
      }
      assertThat(guest.results).containsExactly(OK);
    }
  }

  /** In listen-only mode the kernel takes frames, drops them, counts that and says nothing. */
  @Test
  void framesThatTheInterfaceDropsAreRefusedAndThoseThatWaitForItAreNot_L6(@TempDir Path directory)
      throws Exception {
    Path statistics = directory.resolve("dev");
    count(statistics, 40, 1);
    OwnedFd[] ends = UnixSocket.pair();
    CanSocket socket = socketOf(ends[0]);
    SocketCanBus bus = new SocketCanBus("can9", statistics, (name, confirms) -> socket, true, true);
    try (LogWatch log = new LogWatch();
        OwnedFd other = ends[1];
        CanGuest guest = new CanGuest(vertx, new CanDevice("can", bus, 0))) {
      assertThat(other.isOpen()).isTrue();
      assertThat(guest.command(START)).isEqualTo(OK);
      guest.send("001#", "001#", "002#");
      count(statistics, 40, 3); // which other programs wanted to send
      Thread.sleep(2500);
      guest.guest.run(guest.tx::collect);
      assertThat(guest.results).isEmpty();
      for (int round = 1; round <= 2; round++) {
        count(statistics, 40, 3 + 3 * round);
        for (int k = 0; k < 4000 && guest.results.size() < 3 * round; k++) {
          Thread.sleep(5);
          guest.guest.run(guest.tx::collect);
        }
        assertThat(guest.results).hasSize(3 * round).containsOnly(NOT_OK);
        guest.send("001#", "001#", "002#");
      }
      assertThat(log.lines())
          .filteredOn(line -> line.contains("listen-only"))
          .singleElement()
          .asString()
          .contains("'ip -details link show can9' tells");
    }
  }

  /** As in /proc/net/dev, and never half of it. */
  private static void count(Path statistics, int sent, int dropped) throws IOException {
    Path next = statistics.resolveSibling("next");
    Files.writeString(
        next,
        """
        Inter-|   Receive                            |  Transmit
         face |bytes    packets errs drop fifo frame|bytes    packets errs drop fifo colls
            lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
          can9:       1       2    3    4    5     6          7         8 9000000 %7d   11 %4d 13 14
        """
            .formatted(sent, dropped));
    Files.move(next, statistics, StandardCopyOption.REPLACE_EXISTING);
  }

  /** More than any buffer has room for, and no frames. */
  private static void flood(DatagramChannel others) {
    try {
      for (int i = 0; i < 100_000; i++) {
        int unused = others.write(ByteBuffer.allocate(1));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
