package io.vhost4j.device.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.LastErrorException;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.console.ControlMessages.SizeOrder;
import io.vhost4j.event.ByteStream;
import io.vhost4j.event.ListeningSocket;
import io.vhost4j.nativeio.Descriptors;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.nativeio.OwnedFd;
import io.vhost4j.nativeio.Terminal;
import io.vhost4j.nativeio.UnixSocket;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.LogWatch;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ports with the ends that they have on a real host. */
@Tag("jdk")
@Timeout(120)
class ConsoleEndsTest {
  private static final int MUCH = 3_000_000;

  @TempDir Path directory;
  private @Nullable ConsoleDriver driver;
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    if (driver != null) {
      driver.close();
    }
  }

  private <T extends AutoCloseable> T kept(T resource) {
    open.add(resource);
    return resource;
  }

  private static DeviceOptions options(String option, String value) {
    return new DeviceOptions("console", Map.of(option, value));
  }

  private ConsoleDriver driver(String option, String value) throws Exception {
    OpenDevice opened = new ConsoleDeviceProvider().open(options(option, value));
    ConsoleDriver made = new ConsoleDriver(opened.device());
    driver = made;
    return made;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static byte[] bytes(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] read(InputStream in, int count) throws IOException {
    byte[] bytes = new byte[count];
    new DataInputStream(in).readFully(bytes); // of a terminal, too
    return bytes;
  }

  private static void awaitOpen(ConsoleDriver driver, String message) throws Exception {
    String told = driver.control.take();
    while (!told.equals(message)) {
      told = driver.control.take();
    }
  }

  /** Both ways, all byte values, more than fits anywhere, and a reader who reads when he likes. */
  private static void exchange(ConsoleDriver driver, int port, InputStream in, OutputStream out)
      throws Exception {
    byte[] typed = bytes(1, 100_000);
    Thread typing =
        new Thread(
            () -> {
              try {
                out.write(typed);
                out.flush();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    typing.start();
    assertThat(driver.awaitReceived(port, typed.length)).isEqualTo(typed);
    typing.join();
    byte[] sent = bytes(2, MUCH);
    AtomicInteger written = new AtomicInteger();
    Thread writing =
        new Thread(
            () -> {
              try {
                for (int at = 0; at < MUCH; at += 20_000) {
                  driver.write(port, Arrays.copyOfRange(sent, at, at + 20_000));
                  written.addAndGet(20_000);
                }
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    writing.start();
    byte[] got = new byte[MUCH];
    int have = 0;
    while (have < MUCH) {
      int count = in.read(got, have, Math.min(10_000, MUCH - have));
      assertThat(count).isPositive();
      have += count;
    }
    writing.join();
    assertThat(got).isEqualTo(sent);
  }

  // Sockets

  @Test
  void aTcpClientMayComeBeforeTheGuestAndLeave() throws Exception {
    int tcp = freePort();
    ConsoleDriver made = driver("serial", "a=network:" + tcp);
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
      made.begin();
      awaitOpen(made, "0 OPEN 1");
      exchange(made, 0, client.getInputStream(), client.getOutputStream());
    }
    awaitOpen(made, "0 OPEN 0");
    made.push(0, text("for the next one"));
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
      awaitOpen(made, "0 OPEN 1");
      assertThat(client.getInputStream().readNBytes(16)).isEqualTo(text("for the next one"));
    }
  }

  @Test
  void aReaderWhoStopsMakesTheGuestWaitAndGetsAll() throws Exception {
    int tcp = freePort();
    ConsoleDriver made = driver("serial", "a=network:" + tcp);
    made.begin();
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
      awaitOpen(made, "0 OPEN 1");
      ByteArrayOutputStream sent = new ByteArrayOutputStream();
      for (int i = 0; i < 2000 && made.pending(0) < 8; i++) { // until nothing is taken any more
        byte[] part = bytes(i, 30_000);
        sent.writeBytes(part);
        made.push(0, part);
      }
      assertThat(made.pending(0)).isEqualTo(8);
      assertThat(client.getInputStream().readNBytes(sent.size())).isEqualTo(sent.toByteArray());
      ConsoleDriver.await(() -> made.pending(0) == 0);
    }
  }

  @Test
  void aSecondClientWaitsUntilTheFirstHasGone() throws Exception {
    Path path = directory.resolve("console.sock");
    ConsoleDriver made = driver("console", "unix:" + path).begin();
    SocketChannel first = kept(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    first.write(ByteBuffer.wrap(text("one")));
    assertThat(made.awaitReceived(0, 3)).isEqualTo(text("one"));
    SocketChannel second = kept(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    second.write(ByteBuffer.wrap(text("two")));
    made.write(0, text("hello one"));
    assertThat(Channels.newInputStream(first).readNBytes(9)).isEqualTo(text("hello one"));
    assertThat(made.received(0)).isEqualTo(text("one"));
    first.close();
    assertThat(made.awaitReceived(0, 6)).isEqualTo(text("onetwo"));
    made.write(0, text("hello two"));
    assertThat(Channels.newInputStream(second).readNBytes(9)).isEqualTo(text("hello two"));
    driver = null;
    made.close();
    assertThat(path).doesNotExist();
  }

  @Test
  void whoHasSaidAllOnAUnixSocketMayStillRead() throws Exception {
    Path path = directory.resolve("console.sock");
    ConsoleDriver made = driver("console", "unix:" + path).begin();
    SocketChannel client = kept(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    client.write(ByteBuffer.wrap(text("uname\n")));
    client.shutdownOutput();
    assertThat(made.awaitReceived(0, 6)).isEqualTo(text("uname\n"));
    made.write(0, text("Linux\n"));
    assertThat(Channels.newInputStream(client).readNBytes(6)).isEqualTo(text("Linux\n"));
  }

  /** A serial port at a socket. */
  private ConsoleDriver listening(SocketAddress address, long graceMillis) throws Exception {
    ListeningSocket socket =
        address instanceof UnixDomainSocketAddress unix
            ? ListeningSocket.at(unix.getPath(), path -> {})
            : ListeningSocket.onLoopback(((InetSocketAddress) address).getPort());
    HostEnd end = new ListeningEnd(socket, graceMillis);
    PortConfig config = new PortConfig("a", false, "socket", 65536, 0);
    ConsoleDriver made =
        new ConsoleDriver(
            new ConsoleDevice(
                "console", 16, List.of(new ConsolePort(0, config, end)), SizeOrder.ROWS_FIRST));
    driver = made;
    return made;
  }

  private SocketAddress address(boolean isUnix) throws IOException {
    return isUnix
        ? UnixDomainSocketAddress.of(directory.resolve("agent.sock"))
        : new InetSocketAddress(InetAddress.getLoopbackAddress(), freePort());
  }

  @Test
  void whoHasSaidAllOnAUnixSocketGetsTheAnswerThoughAnotherWaits() throws Exception {
    SocketAddress address = address(true);
    ConsoleDriver made = listening(address, 60_000).begin();
    SocketChannel client = kept(SocketChannel.open(address));
    client.write(ByteBuffer.wrap(text("uname\n")));
    client.shutdownOutput();
    assertThat(made.awaitReceived(0, 6)).isEqualTo(text("uname\n"));
    SocketChannel next = kept(SocketChannel.open(address));
    next.write(ByteBuffer.wrap(text("date\n")));
    turns(made);
    awaitOpen(made, "0 OPEN 1");
    made.write(0, text("Linux\n"));
    assertThat(Channels.newInputStream(client).readNBytes(6)).isEqualTo(text("Linux\n"));
    assertThat(made.control).isEmpty();
    client.close();
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 0");
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 1");
    assertThat(made.awaitReceived(0, 11)).isEqualTo(text("uname\ndate\n"));
  }

  @Test
  void whoHasSaidAllOnAUnixSocketAndGetsNoAnswerMakesRoomForTheNext() throws Exception {
    SocketAddress address = address(true);
    ConsoleDriver made = listening(address, 10).begin();
    SocketChannel client = kept(SocketChannel.open(address));
    client.write(ByteBuffer.wrap(text("uname\n")));
    client.shutdownOutput();
    assertThat(made.awaitReceived(0, 6)).isEqualTo(text("uname\n"));
    awaitOpen(made, "0 OPEN 1");
    SocketChannel next = kept(SocketChannel.open(address));
    next.write(ByteBuffer.wrap(text("date\n")));
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 0");
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 1");
    assertThat(made.awaitReceived(0, 11)).isEqualTo(text("uname\ndate\n"));
    assertThat(Channels.newInputStream(client).read()).isEqualTo(-1);
  }

  @Test
  void whoHasSaidAllOnAUnixSocketAndThenLeavesIsGone() throws Exception {
    Path path = directory.resolve("console.sock");
    ConsoleDriver made = driver("serial", "a=unix:" + path).begin();
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      client.write(ByteBuffer.wrap(text("uname\n")));
      client.shutdownOutput();
      assertThat(made.awaitReceived(0, 6)).isEqualTo(text("uname\n"));
      awaitOpen(made, "0 OPEN 1");
    }
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 0");
  }

  @Test
  void whoLeavesBeforeTheGuestListensMakesRoomForTheNext() throws Exception {
    int tcp = freePort();
    ConsoleDriver made = driver("console", "network:" + tcp).start();
    made.ready();
    made.say(0, ControlMessage.PORT_READY, 1);
    try (Socket first = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
      first.getOutputStream().write(text("early"));
    }
    awaitOpen(made, "0 OPEN 1");
    awaitOpen(made, "0 OPEN 0"); // or what is written now would be his
    try (Socket second = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
      second.setSoTimeout(20_000);
      made.write(0, text("login: "));
      assertThat(second.getInputStream().readNBytes(7)).isEqualTo(text("login: "));
    }
    made.say(0, ControlMessage.PORT_OPEN, 1);
    assertThat(made.awaitReceived(0, 5)).isEqualTo(text("early"));
  }

  private static void leave(SocketAddress address, byte[] said) throws IOException {
    try (SocketChannel client = SocketChannel.open(address)) {
      assertThat(client.write(ByteBuffer.wrap(said))).isEqualTo(said.length);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLeavesMoreThanTheGuestReadsMakesRoomForTheNext(boolean isUnix) throws Exception {
    SocketAddress address = address(isUnix);
    ConsoleDriver made = listening(address, 10).start();
    made.ready();
    made.say(0, ControlMessage.PORT_READY, 1);
    byte[] said = bytes(12, 10_000);
    leave(address, said);
    awaitOpen(made, "0 OPEN 1");
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 0");
    SocketChannel next = kept(SocketChannel.open(address));
    assertThat(made.control.poll(20, TimeUnit.SECONDS)).isEqualTo("0 OPEN 1");
    made.write(0, text("login: "));
    assertThat(Channels.newInputStream(next).readNBytes(7)).isEqualTo(text("login: "));
    next.write(ByteBuffer.wrap(text("root")));
    made.say(0, ControlMessage.PORT_OPEN, 1);
    assertThat(made.awaitReceived(0, 4100))
        .startsWith(Arrays.copyOf(said, 4096))
        .endsWith(text("root"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatWasSaidByWhoHasLeftArrivesWhenTheGuestReads(boolean isUnix) throws Exception {
    SocketAddress address = address(isUnix);
    ConsoleDriver made = listening(address, 60_000).start();
    byte[] said = bytes(13, 10_000);
    leave(address, said);
    turns(made);
    made.ready();
    made.open(0);
    assertThat(made.awaitReceived(0, said.length)).isEqualTo(said);
    awaitOpen(made, "0 OPEN 0");
  }

  /** What has arrived on the host has been seen. */
  private static void turns(ConsoleDriver made) {
    for (int i = 0; i < 5; i++) {
      made.guest.run(() -> {});
    }
  }

  @Test
  void clientsThatComeAndGoLeaveNothing() throws Exception {
    int tcp = freePort();
    Path path = directory.resolve("console.sock");
    ConsoleDriver made = driver("serial", "a=network:" + tcp + ",b=unix:" + path).begin();
    int before = descriptors();
    for (int i = 0; i < 300; i++) {
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), tcp);
          SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        if (i % 3 == 0) {
          client.setSoLinger(true, 0); // a reset
        } else if (i % 3 == 1) {
          client.getOutputStream().write(i);
          other.write(ByteBuffer.wrap(text("x")));
        }
      }
    }
    ConsoleDriver.await(() -> descriptors() <= before);
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), tcp)) {
      client.getOutputStream().write('!');
      assertThat(made.awaitReceived(0, 101)).endsWith('!'); // the others have been heard out
      byte[] hello = text("hello");
      made.push(0, hello);
      assertThat(client.getInputStream().readNBytes(5)).isEqualTo(hello);
    }
  }

  private static int descriptors() {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return (int) all.count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whoCannotBeAcceptedIsToldOnceAndNotAfterTheEnd() throws Exception {
    HostEnd end = new ListeningEnd(ListeningSocket.of(UnixSocket.create())); // does not listen
    PortConfig config = new PortConfig("a", false, "unix", 100, 0);
    try (LogWatch log = new LogWatch()) {
      ConsoleDriver made =
          new ConsoleDriver(
              new ConsoleDevice(
                  "console", 16, List.of(new ConsolePort(0, config, end)), SizeOrder.ROWS_FIRST));
      driver = made;
      ConsoleDriver.await(() -> log.lines().size() == 1);
      Thread.sleep(1500); // it has been tried again
      made.guest.run(made.device::close);
      Thread.sleep(1500);
      assertThat(log.lines()).hasSize(1);
      assertThat(log.stackTraces()).isEmpty();
    }
  }

  @Test
  void aUnixSocketIsReadAndWritten() throws Exception {
    Path path = directory.resolve("console.sock");
    ConsoleDriver made = driver("serial", "a=unix:" + path).begin();
    SocketChannel client = kept(SocketChannel.open(StandardProtocolFamily.UNIX));
    client.connect(UnixDomainSocketAddress.of(path));
    awaitOpen(made, "0 OPEN 1");
    exchange(made, 0, Channels.newInputStream(client), Channels.newOutputStream(client));
  }

  // A pseudo-terminal

  private Path pty() {
    return directory.resolve("console.pty");
  }

  @Test
  void aPseudoTerminalIsReadAndWritten() throws Exception {
    ConsoleDriver made = driver("serial", "a=pty:" + directory.resolve("console.pty")).begin();
    try (FileInputStream in = new FileInputStream(pty().toFile());
        FileOutputStream out = new FileOutputStream(pty().toFile())) {
      awaitOpen(made, "0 OPEN 1");
      exchange(made, 0, in, out);
    }
    awaitOpen(made, "0 OPEN 0");
    driver = null;
    made.close();
    assertThat(Files.isSymbolicLink(directory.resolve("console.pty"))).isFalse();
  }

  @Test
  void whoOpensAPseudoTerminalLateReadsTheLatestOutput() throws Exception {
    ConsoleDriver made = driver("console", "pty:" + directory.resolve("console.pty")).begin();
    byte[] sent = bytes(3, 100_000);
    made.write(0, sent);
    try (FileInputStream in = new FileInputStream(pty().toFile())) {
      assertThat(read(in, 1 << 16))
          .isEqualTo(Arrays.copyOfRange(sent, sent.length - (1 << 16), sent.length));
      made.write(0, text("more"));
      assertThat(read(in, 4)).isEqualTo(text("more"));
    }
  }

  @Test
  void whatIsWrittenIntoAPseudoTerminalArrivesThoughItIsClosedAtOnce() throws Exception {
    ConsoleDriver made = driver("console", "pty:" + directory.resolve("console.pty")).begin();
    for (int i = 1; i <= 20; i++) {
      Files.write(pty(), text("reboot\n"), StandardOpenOption.WRITE);
      assertThat(made.awaitReceived(0, 7 * i)).isEqualTo(text("reboot\n".repeat(i)));
    }
  }

  @Test
  void anotherSizeOfAPseudoTerminalIsSeen() throws Exception {
    ConsoleDriver made = driver("console", "pty:" + directory.resolve("console.pty")).begin();
    try (DeviceFile terminal = DeviceFile.open(pty())) {
      Terminal.resize(terminal.fd(), new Terminal.Size(101, 31));
      awaitOpen(made, "0 RESIZE 0 101 31");
      Terminal.resize(terminal.fd(), new Terminal.Size(102, 32));
      awaitOpen(made, "0 RESIZE 0 102 32");
    }
    assertThat(made.guest.readConfig(0, 4)).containsExactly(102, 0, 32, 0);
  }

  // A file

  @Test
  void outputIsAddedToAFile() throws Exception {
    Path file = Files.writeString(directory.resolve("console.log"), "before\n");
    ConsoleDriver made = driver("console", "file:" + file).begin();
    byte[] sent = bytes(4, MUCH);
    made.write(0, sent);
    driver = null;
    made.close();
    ConsoleDriver.await(() -> file.toFile().length() == 7 + MUCH);
    byte[] got = Files.readAllBytes(file);
    assertThat(Arrays.copyOfRange(got, 7, got.length)).isEqualTo(sent);
  }

  @Test
  void aFileThatCannotBeWrittenIsToldWithTheReason() throws Exception {
    Path logs = Files.createDirectory(directory.resolve("logs"));
    ConsoleDriver made = driver("console", "file:" + logs.resolve("console.log")).begin();
    Files.delete(logs);
    try (LogWatch log = new LogWatch()) {
      made.write(0, text("login: "));
      ConsoleDriver.await(() -> !log.lines().isEmpty());
      assertThat(log.lines())
          .containsExactly(
              logs.resolve("console.log")
                  + " cannot be written: no such file or directory; the guest's output waits");
    }
    Files.createDirectory(logs);
    ConsoleDriver.await(() -> logs.resolve("console.log").toFile().length() == 7);
  }

  @Test
  void theReaderOfAFifoMayComeLateAndGo() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    ConsoleDriver made = driver("serial", "a=file:" + fifo).begin();
    byte[] sent = bytes(5, 300_000);
    made.push(0, Arrays.copyOf(sent, 200_000));
    made.push(0, Arrays.copyOfRange(sent, 200_000, sent.length));
    assertThat(made.pending(0)).isPositive();
    try (FileChannel reader = FileChannel.open(fifo, StandardOpenOption.READ)) {
      assertThat(Channels.newInputStream(reader).readNBytes(sent.length)).isEqualTo(sent);
    }
    ConsoleDriver.await(() -> made.pending(0) == 0);
  }

  // The terminal

  /** A device on a terminal whose other end is here. */
  private final class OnTerminal implements AutoCloseable {
    private final OwnedFd master = Terminal.openMaster();
    private final DeviceFile slave;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    private final ByteStream stream;
    final AtomicInteger escapes = new AtomicInteger();
    final AtomicBoolean inBackground = new AtomicBoolean();
    private final AtomicInteger looks = new AtomicInteger();
    final byte[] before;
    final ConsoleDriver made;

    OnTerminal() throws Exception {
      this(10);
    }

    OnTerminal(long lookMillis) throws Exception {
      slave = DeviceFile.open(Terminal.slaveOf(master));
      resize(90, 33);
      before = settings();
      int number = slave.fd().number();
      HostEnd end =
          TerminalEnd.open(
              number, number, escapes::incrementAndGet, fd -> isInBackground(), lookMillis);
      PortConfig config = new PortConfig("", true, "nested", 65536, 60_000);
      made =
          new ConsoleDriver(
              new ConsoleDevice(
                  "console",
                  1024,
                  List.of(new ConsolePort(0, config, end)),
                  SizeOrder.COLUMNS_FIRST));
      driver = made;
      stream =
          made.guest.call(
              () ->
                  ByteStream.open(
                      Objects.requireNonNull(Vertx.currentContext()), master, () -> {}));
    }

    void resize(int columns, int rows) throws IOException {
      Terminal.resize(slave.fd(), new Terminal.Size(columns, rows));
    }

    /** How the terminal is set, which this does not change. */
    byte[] settings() throws IOException {
      byte[] present = Terminal.makeRaw(slave.fd());
      Terminal.restore(slave.fd(), present);
      return present;
    }

    void awaitBackground() throws Exception {
      inBackground.set(true);
      int looked = looks.get();
      type("?");
      ConsoleDriver.await(() -> looks.get() > looked);
    }

    /** The other program leaves it, of which nothing tells. */
    void awaitForeground() throws Exception {
      inBackground.set(false);
      int looked = looks.get();
      ConsoleDriver.await(() -> looks.get() > looked);
      assertThat(made.guest.call(this::settings)).isNotEqualTo(before);
    }

    private boolean isInBackground() {
      looks.incrementAndGet();
      return inBackground.get();
    }

    void type(String keys) throws Exception {
      byte[] bytes = text(keys);
      int count = made.guest.call(() -> stream.write(buffer.clear().put(bytes).flip()));
      assertThat(count).isEqualTo(bytes.length);
    }

    byte[] screen(int bytes) throws Exception {
      ByteArrayOutputStream seen = new ByteArrayOutputStream();
      ConsoleDriver.await(
          () -> {
            made.guest.run(
                () -> {
                  int count = stream.read(buffer.clear());
                  for (int i = 0; i < count; i++) {
                    seen.write(buffer.get(i));
                  }
                });
            return seen.size() >= bytes;
          });
      return seen.toByteArray();
    }

    @Override
    public void close() {
      slave.close();
      made.guest.run(stream::close);
    }
  }

  @Test
  void theTerminalOfTheDaemonIsTheGuestsForAsLongAsThereIsOne() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      ConsoleDriver made = terminal.made.begin();
      assertThat(terminal.settings()).isNotEqualTo(terminal.before);
      awaitOpen(made, "0 RESIZE 0 90 33");
      terminal.type("\u0003\u0004\u001a\u0011\u0013\r");
      assertThat(made.awaitReceived(0, 6)).isEqualTo(text("\u0003\u0004\u001a\u0011\u0013\r"));
      made.write(0, text("a\nb\tc"));
      assertThat(terminal.screen(5)).isEqualTo(text("a\nb\tc"));
      Guest.await(made.guest.disconnect());
      assertThat(terminal.settings()).isEqualTo(terminal.before);
      made.guest.connect();
      assertThat(terminal.settings()).isNotEqualTo(terminal.before);
      made.guest.run(made.device::close); // as a daemon does that ends
      assertThat(terminal.settings()).isEqualTo(terminal.before);
    }
  }

  @Test
  void threeTimesTheEscapeKeyIsHeard() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      ConsoleDriver made = terminal.made.begin();
      terminal.type("a\u001d\u001db\u001d\u001d");
      assertThat(made.awaitReceived(0, 6)).hasSize(6);
      assertThat(terminal.escapes).hasValue(0);
      terminal.type("\u001d");
      assertThat(made.awaitReceived(0, 7)).isEqualTo(text("a\u001d\u001db\u001d\u001d\u001d"));
      assertThat(terminal.escapes).hasValue(1);
    }
  }

  /** Nobody would get away from a guest that has crashed, or from none. */
  @Test
  void theEscapeKeyIsHeardThoughTheGuestDoesNotListen() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      ConsoleDriver made = terminal.made;
      terminal.type("ls\r\u001d\u001d");
      turns(made);
      assertThat(terminal.escapes).hasValue(0);
      terminal.type("\u001d");
      ConsoleDriver.await(() -> terminal.escapes.get() == 1);
      made.begin();
      assertThat(made.awaitReceived(0, 6)).isEqualTo(text("ls\r\u001d\u001d\u001d"));
    }
  }

  @Test
  void theEscapeKeyIsHeardBehindMoreThanTheGuestTakes() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      terminal.type("x".repeat(10_000) + "\u001d\u001d\u001d");
      ConsoleDriver.await(() -> terminal.escapes.get() == 1);
      assertThat(terminal.made.begin().awaitReceived(0, 4096)).isEqualTo(text("x".repeat(4096)));
    }
  }

  @Test
  void whatIsPastedWaitsForAGuestThatIsSlow() throws Exception {
    try (OnTerminal terminal = new OnTerminal(60_000)) {
      String pasted = "make -j8\n".repeat(1000);
      terminal.type(pasted);
      turns(terminal.made);
      terminal.made.begin();
      assertThat(terminal.made.awaitReceived(0, pasted.length())).isEqualTo(text(pasted));
    }
  }

  @Test
  void whatIsTypedWhileThereIsNoGuestStaysTheTerminals() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      ConsoleDriver made = terminal.made;
      Guest.await(made.guest.disconnect());
      terminal.type("make\n");
      turns(made);
      ByteBuffer typed = ByteBuffer.allocateDirect(100);
      assertThat(terminal.slave.read(typed)).isEqualTo(5);
    }
  }

  /** As a shell does with what is in its background. */
  @Test
  void aTerminalThatAnotherProgramHasIsTheGuestsWhenItIsLeft() throws Exception {
    try (OnTerminal terminal = new OnTerminal();
        LogWatch log = new LogWatch()) {
      ConsoleDriver made = terminal.made;
      Guest.await(made.guest.disconnect());
      terminal.inBackground.set(true);
      for (int i = 0; i < 3; i++) {
        made.guest.connect();
        Guest.await(made.guest.disconnect());
      }
      made.guest.connect();
      made.begin();
      terminal.type("make\n");
      turns(made);
      assertThat(terminal.settings()).isEqualTo(terminal.before);
      ByteBuffer typed = ByteBuffer.allocateDirect(100);
      assertThat(terminal.slave.read(typed)).isEqualTo(5);
      terminal.awaitForeground();
      terminal.type("ls\r");
      assertThat(made.awaitReceived(0, 3)).isEqualTo(text("ls\r"));
      terminal.awaitBackground();
      Terminal.restore(terminal.slave.fd(), terminal.before);
      terminal.awaitForeground();
      assertThat(made.awaitReceived(0, 4)).isEqualTo(text("ls\r?"));
      assertThat(log.lines())
          .hasSize(2)
          .containsOnly(
              "the terminal is in use by another program: what is typed there is not the guest's");
      made.guest.run(made.device::close);
      assertThat(terminal.settings()).isEqualTo(terminal.before);
    }
  }

  private static HostEnd onFiles(int in, int out) throws IOException {
    return TerminalEnd.open(in, out, () -> {}, Terminal::isInBackground, 1000);
  }

  @Test
  void inputAndOutputMayBePipesAndAFile() throws Exception {
    Path fifo = directory.resolve("keys");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Path log = Files.createFile(directory.resolve("log"));
    try (DeviceFile keys = DeviceFile.open(fifo);
        DeviceFile file = DeviceFile.open(log)) {
      HostEnd end = onFiles(keys.fd().number(), file.fd().number());
      PortConfig config = new PortConfig("", true, "nested", 65536, 60_000);
      ConsoleDriver made =
          new ConsoleDriver(
              new ConsoleDevice(
                  "console", 16, List.of(new ConsolePort(0, config, end)), SizeOrder.ROWS_FIRST));
      driver = made;
      made.begin();
      keys.write(ByteBuffer.allocateDirect(3).put(text("abc")), 3);
      assertThat(made.awaitReceived(0, 3)).isEqualTo(text("abc"));
      made.write(0, text("def"));
      ConsoleDriver.await(() -> log.toFile().length() == 3);
    }
  }

  private static void assertUnusable(int number, String message) throws Exception {
    try (DeviceFile nothing = DeviceFile.open(Path.of("/dev/null"))) {
      assertThatThrownBy(() -> onFiles(nothing.fd().number(), number))
          .isExactlyInstanceOf(IOException.class)
          .hasMessageMatching(
              "standard output "
                  + message
                  + ": start this process on a terminal of its user, or give the console another"
                  + " end, such as --console=pty");
    }
  }

  @Test
  void anOutputThatIsClosedOrASocketIsExplained() throws Exception {
    assertUnusable(1_000_000, "is closed");
    OwnedFd[] pair = UnixSocket.pair();
    try (OwnedFd one = pair[0];
        OwnedFd other = pair[1]) {
      assertUnusable(one.number(), "is socket:\\[\\d+], and sockets cannot be opened");
    }
  }

  /** Java opens files of its own in the place of descriptors that are closed when it starts. */
  @Test
  void aFileThatIsOpenForReadingIsNoOutput() throws Exception {
    Path file = Files.writeString(directory.resolve("modules"), "java");
    try (DeviceFile opened = DeviceFile.open(file);
        OwnedFd read = Descriptors.reopen(opened.fd().number(), false)) {
      assertUnusable(read.number(), "is " + file + ", which is not open for writing");
    }
    assertThat(file).hasContent("java");
  }

  /** Root may open all of them, and tests may run as root. */
  @ParameterizedTest
  @CsvSource({"/tmp/log", "/dev/pts/7", "pipe:[123]"})
  void anOutputOfAnotherUserIsExplained(String file) throws Exception {
    Constructor<NativeIoException> constructor =
        NativeIoException.class.getDeclaredConstructor(String.class, LastErrorException.class);
    constructor.setAccessible(true);
    NativeIoException refused =
        constructor.newInstance("open", new LastErrorException(Errno.EACCES));
    assertThat(TerminalEnd.refusal("standard output", file, refused))
        .isEqualTo(
            "standard output is %s, which is another user's, and this one may not open it: start"
                    .formatted(file)
                + " this process on a terminal of its user, or give the console another end, such"
                + " as --console=pty");
  }

  // What goes wrong

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "console | tty | --console=tty: possible are nested, network:PORT, unix:PATH, pty,"
            + " pty:LINK and file:PATH",
        "console | network | --console=network: say which TCP port, 1 to 65535: network:12345",
        "console | network:70000 | --console=network:70000: say which TCP port, 1 to 65535:"
            + " network:12345",
        "console | unix | --console=unix: say where: unix:PATH",
        "console | pty,a=unix:/a,a=file:/b | --console=pty,a=unix:/a,a=file:/b: there is a port a"
            + " already",
        "console | a/b=pty | --console=a/b=pty: the name has 1 to 200 letters, digits, dots,"
            + " dashes and underscores",
        "console | nested,nested | there is one terminal for 2 ports: give the others another"
            + " end, such as pty",
        "console | pty:/proc/a,x=pty:/proc/a | there is one pty:/proc/a for 2 ports: give the others"
            + " another end, such as pty",
        "serial | pty | --serial=pty: a serial port needs a name: NAME=pty",
        "console | unix:/proc/nothing/x | cannot listen on /proc/nothing/x: the directory /proc/nothing does not"
            + " exist: create it, or choose another path",
        "console | file:/proc/nothing/x | /proc/nothing/x cannot be written: see that its directory is"
            + " there, and allow this user to",
        "console | file:/tmp | /tmp is a directory: name a file",
        "console | pty:/proc/nothing/x | cannot make the link /proc/nothing/x: see that its directory is"
            + " there and may be written",
      })
  void aMistakeIsALineThatSaysWhatToDo(String option, String value, String message) {
    assertThatThrownBy(() -> driver(option, value))
        .isInstanceOf(DeviceException.class)
        .hasMessage(message);
  }

  @Test
  void aPortThatIsTakenIsALineThatSaysWhatToDo() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int tcp = taken.getLocalPort();
      assertThatThrownBy(() -> driver("console", "pty,network:" + tcp))
          .isInstanceOf(DeviceException.class)
          .hasMessage(
              "cannot listen on port %d of 127.0.0.1: address in use, another process listens"
                      .formatted(tcp)
                  + " there: end it, or choose another port");
    }
  }

  @Test
  void aFileInThePlaceOfALinkStays() throws Exception {
    Path file = Files.writeString(directory.resolve("mine"), "mine");
    assertThatThrownBy(() -> driver("console", "pty:" + file))
        .hasMessage(file + " exists and is no symbolic link: remove it, or choose another path");
    assertThat(file).hasContent("mine");
  }

  @Test
  void aLinkToSomethingElseStays() throws Exception {
    Path file = Files.writeString(directory.resolve("mine"), "mine");
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    assertThatThrownBy(() -> driver("console", "pty:" + link))
        .hasMessage(link + " is a link to " + file + ": remove it, or choose another path");
    assertThat(link).isSymbolicLink().hasContent("mine");
  }

  @Test
  void theLinkOfAProcessThatLivesStays() throws Exception {
    Path link = directory.resolve("console.pty");
    ConsoleDriver made = driver("console", "pty:" + link);
    Path terminal = Files.readSymbolicLink(link);
    assertThatThrownBy(() -> new ConsoleDeviceProvider().open(options("console", "pty:" + link)))
        .hasMessage(
            "%s is a link to %s, which is in use: choose another path, or remove the link if the"
                    .formatted(link, terminal)
                + " daemon that made it was killed: the terminal is another program's then");
    assertThat(Files.readSymbolicLink(link)).isEqualTo(terminal);
    driver = null;
    made.close();
    assertThat(Files.isSymbolicLink(link)).isFalse();
  }

  /** Its number may be given to the next one, whose link it then is. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theLinkOfAProcessThatWasKilledIsReplaced(boolean sameTerminal) throws Exception {
    Path link = directory.resolve("console.pty");
    Path gone;
    try (OwnedFd master = Terminal.openMaster()) {
      gone = Terminal.slaveOf(master);
    }
    Path unused = Files.createSymbolicLink(link, sameTerminal ? gone : Path.of("/dev/pts/1000000"));
    ConsoleDriver made = driver("console", "pty:" + link).begin();
    Files.writeString(link, "ls\n", StandardOpenOption.WRITE);
    assertThat(made.awaitReceived(0, 3)).isEqualTo(text("ls\n"));
  }

  /** A link to a terminal that not even root can remove: that of a descriptor. */
  @Test
  void aFormerLinkThatStaysIsExplained() throws Exception {
    OwnedFd master = Terminal.openMaster();
    try (DeviceFile slave = DeviceFile.open(Terminal.slaveOf(master))) {
      master.close();
      Path link = Path.of("/proc/self/fd/" + slave.fd().number());
      assertThatThrownBy(() -> driver("console", "pty:" + link))
          .hasMessage(
              "cannot make the link %s: see that its directory is there and may be written", link);
    }
  }

  @Test
  void tooManyPortsAreRefused() {
    assertThatThrownBy(() -> driver("console", String.join(",", Collections.nCopies(32, "pty"))))
        .hasMessage("32 ports are too many: a device has up to 31");
  }

  @Test
  void theDeviceAndItsMetersTellOfTheirPorts() throws Exception {
    DeviceOptions options =
        new DeviceOptions("console", Map.of("console", "pty", "serial", "a=pty,b=pty"));
    ConsoleDeviceProvider provider = new ConsoleDeviceProvider();
    assertThat(provider.qemuDevice(options))
        .isEqualTo("vhost-user-test-device-pci,virtio-id=3,num_vqs=8,config_size=12");
    OpenDevice opened = provider.open(options);
    assertThat(opened.description())
        .matches(
            "console pty at /dev/pts/\\d+, serial port a=pty at /dev/pts/\\d+,"
                + " serial port b=pty at /dev/pts/\\d+");
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    opened.meters().apply(Tags.of("socket", "s")).bindTo(registry);
    ConsoleDriver made = new ConsoleDriver(opened.device());
    driver = made;
    made.begin().write(0, new byte[100_000]);
    assertThat(meter(registry, "output.bytes")).isEqualTo(100_000);
    assertThat(meter(registry, "lost.bytes")).isEqualTo(100_000 - 65_536);
    assertThat(registry.get("vhost.console.open").tag("port", "2").gauge().value()).isZero();
  }

  private static double meter(SimpleMeterRegistry registry, String name) {
    return registry
        .get("vhost.console." + name)
        .tag("device", "console")
        .tag("port", "0")
        .functionCounter()
        .count();
  }
}
