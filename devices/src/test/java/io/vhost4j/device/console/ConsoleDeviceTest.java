package io.vhost4j.device.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.vhost4j.device.console.ControlMessages.SizeOrder;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.LogWatch;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A console port and a serial one, with ends that the test holds. */
@Timeout(120)
class ConsoleDeviceTest {
  private static final int KEPT = 1000;
  private static final int CONSOLE = 0;
  private static final int SERIAL = 1;

  private final ScriptedEnd console = new ScriptedEnd(true);
  private final ScriptedEnd serial = new ScriptedEnd(false);
  private final List<ConsoleDriver> drivers = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (ConsoleDriver driver : drivers) {
      driver.close();
    }
    assertThat(console.closed).isTrue();
  }

  private ConsoleDevice device(SizeOrder order, long patienceMillis) {
    PortConfig first = new PortConfig("", true, "scripted", KEPT, patienceMillis);
    PortConfig second = new PortConfig("org.test.ä", false, "scripted", KEPT, patienceMillis);
    return new ConsoleDevice(
        "console",
        1024,
        List.of(new ConsolePort(CONSOLE, first, console), new ConsolePort(SERIAL, second, serial)),
        order);
  }

  private ConsoleDriver kept(ConsoleDriver driver) {
    drivers.add(driver);
    return driver;
  }

  private ConsoleDriver driver() throws Exception {
    return kept(new ConsoleDriver(device(SizeOrder.COLUMNS_FIRST, 60_000)));
  }

  private static byte[] bytes(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  // Control messages

  @Test
  void nothingIsSaidBeforeTheDriverIsReadyAndThenEachPortOnce_K1_K2() throws Exception {
    ConsoleDriver driver = driver().start();
    assertThat(driver.messages()).isEmpty();
    driver.ready();
    assertThat(driver.messages()).containsExactly("0 ADD 0", "1 ADD 0");
    driver.ready();
    assertThat(driver.messages()).isEmpty();
  }

  @Test
  void aReadyPortIsToldWhatItIs_K3() throws Exception {
    console.resize(80, 25);
    ConsoleDriver driver = driver().start();
    driver.ready();
    List<String> unused = driver.messages();
    driver.say(CONSOLE, ControlMessage.PORT_READY, 1);
    assertThat(driver.messages()).containsExactly("0 CONSOLE 1", "0 RESIZE 0 80 25", "0 OPEN 1");
    driver.say(SERIAL, ControlMessage.PORT_READY, 1);
    assertThat(driver.messages()).containsExactly("1 NAME 0 org.test.ä");
  }

  @Test
  void whoComesAndGoesAtTheHostIsTold_K3() throws Exception {
    ConsoleDriver driver = driver().begin();
    List<String> unused = driver.messages();
    serial.open(true);
    assertThat(driver.control.take()).isEqualTo("1 OPEN 1");
    serial.open(true);
    serial.open(false);
    assertThat(driver.control.take()).isEqualTo("1 OPEN 0");
    assertThat(driver.messages()).isEmpty();
  }

  @Test
  void anotherSizeIsToldInTheOrderThatTheGuestReads() throws Exception {
    for (SizeOrder order : SizeOrder.values()) {
      ConsoleDriver driver = kept(new ConsoleDriver(device(order, 0)));
      driver.begin();
      List<String> unused = driver.messages();
      int changes = driver.guest.configChanges();
      int columns = 100 + order.ordinal();
      console.resize(columns, 30);
      String sizes = order == SizeOrder.COLUMNS_FIRST ? columns + " 30" : "30 " + columns;
      assertThat(driver.control.take()).isEqualTo("0 RESIZE 0 " + sizes);
      assertThat(driver.guest.readConfig(0, 4)).containsExactly(columns, 0, 30, 0);
      assertThat(driver.guest.configChanges()).isEqualTo(changes + 1);
    }
  }

  @Test
  void aDriverWithoutSizeHearsOfNone() throws Exception {
    console.resize(80, 25);
    ConsoleDriver driver =
        kept(new ConsoleDriver(device(SizeOrder.COLUMNS_FIRST, 0), ConsoleDriver.MULTIPORT));
    driver.begin();
    assertThat(driver.messages()).noneMatch(message -> message.contains("RESIZE"));
    console.resize(100, 30);
    serial.open(true);
    assertThat(driver.control.take()).isEqualTo("1 OPEN 1");
    assertThat(driver.guest.configChanges()).isZero();
  }

  @Test
  void whatTheDriverSaysOfNothingIsNothing_K6() throws Exception {
    ConsoleDriver driver = driver().begin();
    List<String> unused = driver.messages();
    for (int length = 0; length < ControlMessage.SIZE; length++) {
      byte[] cut = Arrays.copyOf(ConsoleDriver.message(0, 6, 0), length);
      assertThat(driver.guest.queue(3).request(cut, 8).length()).isZero();
    }
    byte[] longer = Arrays.copyOf(ConsoleDriver.message(SERIAL, 3, 1), 100);
    assertThat(driver.guest.queue(3).request(longer, 0).length()).isZero();
    for (int event : new int[] {1, 2, 4, 5, 7, 8, 0xffff}) {
      driver.say(CONSOLE, event, 1);
    }
    for (int port : new int[] {2, 31, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
      driver.open(port);
    }
    assertThat(driver.messages()).containsExactly("1 NAME 0 org.test.ä");
    driver.write(CONSOLE, text("works"));
    assertThat(console.output()).isEqualTo(text("works"));
  }

  @Test
  void aPortThatFailsIsLeftAlone_K3() throws Exception {
    ConsoleDriver driver = driver().start();
    driver.ready();
    driver.say(SERIAL, ControlMessage.PORT_READY, 0);
    assertThat(driver.messages()).containsExactly("0 ADD 0", "1 ADD 0");
    serial.open(true);
    driver.open(CONSOLE);
    assertThat(driver.messages()).containsExactly("0 CONSOLE 1", "0 OPEN 1");
  }

  /** F9. */
  @Test
  void aDriverThatGoesOnAfterASuspensionIsToldOfItsPortsAnew() throws Exception {
    ConsoleDriver driver = driver().begin();
    List<String> unused = driver.messages();
    for (int i = 0; i < 6; i++) {
      Guest.await(driver.guest.queue(i).stop());
    }
    Guest.await(driver.guest.reset());
    for (int i = 0; i < 6; i++) {
      driver.guest.queue(i).beginAnew();
    }
    driver.start();
    driver.open(CONSOLE);
    assertThat(driver.messages()).containsExactly("0 CONSOLE 1", "0 OPEN 1");
    console.type(text("ls\n"));
    assertThat(driver.awaitReceived(CONSOLE, 3)).isEqualTo(text("ls\n"));
  }

  @Test
  void howeverOftenTheDriverAsksNothingPilesUp() throws Exception {
    ConsoleDriver driver = driver();
    for (int i = 0; i < 6; i++) {
      Guest.await(driver.guest.queue(i).start());
    }
    for (int i = 0; i < 1000; i++) { // without a buffer for an answer
      driver.ready();
      driver.open(CONSOLE);
      driver.open(SERIAL);
    }
    assertThat(driver.messages())
        .containsExactlyInAnyOrder("0 CONSOLE 1", "0 OPEN 1", "1 NAME 0 org.test.ä");
  }

  // Bytes

  @Test
  void everyByteValueArrivesBothWays() throws Exception {
    ConsoleDriver driver = driver().begin();
    serial.open(true);
    byte[] all = new byte[512];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    for (int port : new int[] {CONSOLE, SERIAL}) {
      ScriptedEnd end = port == CONSOLE ? console : serial;
      driver.write(port, all);
      assertThat(end.output()).isEqualTo(all);
      end.type(all);
      assertThat(driver.awaitReceived(port, all.length)).isEqualTo(all);
    }
  }

  @Test
  void muchInputArrivesOnceAndInItsOrder_K5() throws Exception {
    ConsoleDriver driver = driver().begin();
    byte[] much = bytes(1, 300_000);
    console.type(much);
    assertThat(driver.awaitReceived(CONSOLE, much.length)).isEqualTo(much);
  }

  @Test
  void inputWaitsUntilTheDriverHasThePortOpen_K4() throws Exception {
    ConsoleDriver driver = driver().start();
    byte[] early = bytes(9, 10_000);
    console.type(early);
    driver.ready();
    driver.say(CONSOLE, ControlMessage.PORT_READY, 1);
    driver.guest.queue(0).kick(); // there are buffers
    driver.guest.run(() -> {});
    assertThat(driver.received(CONSOLE)).isEmpty();
    assertThat(console.unread()).as("all but a buffer waits at the host").isEqualTo(10_000 - 4096);
    driver.say(CONSOLE, ControlMessage.PORT_OPEN, 1);
    assertThat(driver.awaitReceived(CONSOLE, early.length)).isEqualTo(early);
    driver.say(CONSOLE, ControlMessage.PORT_OPEN, 0);
    console.type(text("later"));
    driver.ready(); // and turns of the loop pass
    assertThat(driver.received(CONSOLE)).isEqualTo(early);
    driver.say(CONSOLE, ControlMessage.PORT_OPEN, 1);
    assertThat(driver.awaitReceived(CONSOLE, 10_005)).isEqualTo(joined(early, text("later")));
  }

  @Test
  void aSerialPortThatNobodyReadsMakesTheDriverWaitAndLosesNothing() throws Exception {
    ConsoleDriver driver = driver().begin();
    serial.open(true);
    serial.room(100);
    byte[] sent = bytes(2, 8 * 1000);
    for (int i = 0; i < 8; i++) {
      driver.push(SERIAL, Arrays.copyOfRange(sent, i * 1000, (i + 1) * 1000));
    }
    driver.write(CONSOLE, text("the other port goes on"));
    assertThat(driver.pending(SERIAL)).isEqualTo(7); // one was taken, and a part of the next
    serial.open(false);
    serial.room(Long.MAX_VALUE);
    driver.write(CONSOLE, text("."));
    assertThat(driver.pending(SERIAL)).isEqualTo(7);
    serial.open(true);
    ConsoleDriver.await(() -> serial.output().length == sent.length);
    assertThat(serial.output()).isEqualTo(sent);
    assertThat(driver.pending(SERIAL)).isZero();
  }

  @Test
  void aConsoleThatNobodyReadsKeepsTheNewest() throws Exception {
    console.open(false);
    ConsoleDriver driver = driver().begin();
    byte[] sent = bytes(3, 10_000);
    driver.write(CONSOLE, sent); // which waits for each buffer
    assertThat(console.output()).isEmpty();
    console.open(true);
    ConsoleDriver.await(() -> console.output().length == KEPT);
    driver.write(CONSOLE, text("now"));
    assertThat(console.output())
        .isEqualTo(joined(Arrays.copyOfRange(sent, sent.length - KEPT, sent.length), text("now")));
  }

  @Test
  void aSlowReaderOfAConsoleMakesTheDriverWaitAndLosesNothing() throws Exception {
    ConsoleDriver driver = driver().begin();
    console.room(100);
    byte[] sent = bytes(4, 3000);
    driver.push(CONSOLE, sent);
    for (int i = 0; i < 29; i++) {
      assertThat(driver.pending(CONSOLE)).isEqualTo(console.output().length < 2000 ? 1 : 0);
      int want = Math.min(sent.length, console.output().length + 100);
      console.room(100);
      ConsoleDriver.await(() -> console.output().length == want);
    }
    assertThat(console.output()).isEqualTo(sent);
  }

  @Test
  void aReaderOfAConsoleWhoIsTooSlowLosesTheOldestUntilHeHasCaughtUp() throws Exception {
    ConsoleDriver driver = kept(new ConsoleDriver(device(SizeOrder.COLUMNS_FIRST, 50)));
    driver.begin();
    console.room(0);
    byte[] sent = bytes(5, 5000);
    driver.write(CONSOLE, sent); // a buffer comes back though he has taken nothing
    driver.write(CONSOLE, sent); // and the next ones at once
    assertThat(console.output()).isEmpty();
    console.room(Long.MAX_VALUE);
    ConsoleDriver.await(() -> console.output().length == KEPT);
    assertThat(console.output())
        .isEqualTo(Arrays.copyOfRange(sent, sent.length - KEPT, sent.length));
    driver.write(CONSOLE, sent);
    assertThat(console.output()).hasSize(KEPT + sent.length);
  }

  /** The driver spins for each of its buffers, which have 16 bytes in Linux. */
  @Test
  void aReaderOfAConsoleWhoTakesABufferNowAndThenIsTooSlow() throws Exception {
    ConsoleDriver driver = kept(new ConsoleDriver(device(SizeOrder.COLUMNS_FIRST, 300)));
    driver.begin();
    console.room(0);
    driver.write(CONSOLE, new byte[KEPT]);
    driver.push(CONSOLE, new byte[16]);
    try (LogWatch log = new LogWatch()) {
      for (int i = 0; i < 500 && log.lines().isEmpty(); i++) {
        driver.push(CONSOLE, new byte[16]);
        console.room(16);
        Thread.sleep(20);
        int unused = driver.pending(CONSOLE); // whose places can be used again
      }
      assertThat(log.lines()).singleElement(STRING).contains("is too slow for a console");
    }
    console.room(0);
    driver.write(CONSOLE, new byte[160]); // comes back
  }

  @Test
  void howeverOftenAReaderIsWaitedForNothingPilesUp() throws Exception {
    ConsoleDriver driver = driver().begin();
    int before = timers();
    for (int i = 0; i < 200; i++) {
      console.room(0);
      driver.push(CONSOLE, new byte[KEPT + 1]);
      driver.guest.run(() -> {});
      console.room(Long.MAX_VALUE);
      ConsoleDriver.await(() -> driver.pending(CONSOLE) == 0);
    }
    assertThat(timers() - before).isLessThan(10);
  }

  /** Timers of Vert.x that somebody holds. */
  private static int timers() throws Exception {
    String histogram =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "gcClassHistogram",
                    new Object[] {new String[0]},
                    new String[] {String[].class.getName()});
    return histogram
        .lines()
        .filter(line -> line.contains("VertxImpl$InternalTimerHandler"))
        .mapToInt(line -> Integer.parseInt(line.strip().split("\\s+", -1)[1]))
        .sum();
  }

  @Test
  void aBufferLargerThanAllThatIsKeptIsTakenInTurns() throws Exception {
    ConsoleDriver driver = driver().begin();
    byte[] sent = bytes(6, 200_000);
    driver.push(CONSOLE, sent);
    ConsoleDriver.await(() -> driver.pending(CONSOLE) == 0);
    assertThat(console.output()).isEqualTo(sent);
  }

  /** A large ring takes them all, and a guest that fills it must not hold the event loop. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void howeverMuchIsKeptATurnMovesALittleOfIt(int buffers) throws Exception {
    console.open(false);
    PortConfig config = new PortConfig("", true, "scripted", 1 << 20, 0);
    ConsolePort port = new ConsolePort(0, config, console);
    ConsoleDriver driver =
        kept(
            new ConsoleDriver(
                new ConsoleDevice("console", 16, List.of(port), SizeOrder.COLUMNS_FIRST)));
    driver.begin();
    byte[] sent = bytes(10, 400_000);
    int part = sent.length / buffers;
    for (int i = 0; i < buffers; i++) {
      byte[] bytes = Arrays.copyOfRange(sent, i * part, (i + 1) * part);
      int unused = driver.guest.queue(1).add(bytes, 0, Integer.MAX_VALUE);
    }
    long moved =
        driver.guest.call(
            () -> {
              driver.guest.session().queues().get(1).look(); // a kick's turn, and no further one
              return port.outputBytes();
            });
    assertThat(moved).isEqualTo(1 << 18);
    ConsoleDriver.await(() -> driver.pending(CONSOLE) == 0);
    console.open(true);
    ConsoleDriver.await(() -> console.output().length == sent.length);
    assertThat(console.output()).isEqualTo(sent);
  }

  @Test
  void aReaderOfAConsoleMayLeaveInTheMidstOfALargeBuffer() throws Exception {
    ConsoleDriver driver = driver().begin();
    byte[] sent = bytes(11, 263_500); // more than a turn moves, the last of it in one piece
    console.leaveAfter(263_000);
    driver.push(CONSOLE, sent);
    ConsoleDriver.await(() -> driver.pending(CONSOLE) == 0);
    assertThat(driver.guest.broken()).isEmpty();
    console.open(true);
    ConsoleDriver.await(() -> console.output().length == sent.length);
    assertThat(console.output()).isEqualTo(sent);
  }

  /** F8. */
  @Test
  void aPauseLosesNoByteAndRepeatsNone() throws Exception {
    ConsoleDriver driver = driver().begin();
    serial.open(true);
    serial.room(10);
    List<String> unused = driver.messages();
    byte[] sent = bytes(7, 4000);
    driver.push(SERIAL, sent);
    serial.type(bytes(8, 100_000));
    for (int pause = 0; pause < 3; pause++) {
      for (int i = 0; i < 6; i++) {
        Guest.await(driver.guest.queue(i).stop());
      }
      for (int i = 0; i < 6; i++) {
        Guest.await(driver.guest.queue(i).start());
      }
    }
    serial.room(Long.MAX_VALUE);
    ConsoleDriver.await(() -> serial.output().length == sent.length);
    assertThat(serial.output()).isEqualTo(sent);
    assertThat(driver.awaitReceived(SERIAL, 100_000)).isEqualTo(bytes(8, 100_000));
    assertThat(driver.messages()).noneMatch(message -> message.contains("ADD"));
  }

  @Test
  void anotherDriverFindsThePortsClosedAndWhatNobodyHasRead() throws Exception {
    console.open(false);
    ConsoleDriver driver = driver().begin();
    driver.write(CONSOLE, text("panic"));
    List<String> unused = driver.messages();
    Guest.await(driver.guest.disconnect());
    assertThat(console.guest).isFalse();
    console.open(true);
    ConsoleDriver.await(() -> console.output().length == 5); // though there is no guest
    console.type(text("for the next"));
    driver.guest.connect();
    assertThat(console.guest).isTrue();
    for (int i = 0; i < 6; i++) {
      driver.guest.queue(i).beginAnew();
    }
    driver.start();
    assertThat(driver.messages()).noneMatch(message -> message.contains("CONSOLE"));
    assertThat(driver.received(CONSOLE)).isEmpty();
    driver.ready();
    driver.open(CONSOLE);
    assertThat(driver.awaitReceived(CONSOLE, 12)).isEqualTo(text("for the next"));
  }

  /** He has taken its first bytes, and what is left of it is nothing to the next one's message. */
  @Test
  void whoCutsTheMemoryUnderAMessageTakesNoneOfTheNextDriver() throws Exception {
    ConsoleDriver driver = driver().start();
    GuestQueue control = driver.guest.queue(3);
    int page = 4096;
    assertThat(control.request(new byte[page - 5], 0).length()).isZero();
    int unused = control.add(ConsoleDriver.message(-1, ControlMessage.DEVICE_READY, 1), 0, 4);
    driver.guest.truncate(driver.buffers(3) + page); // between the two pieces of 4 bytes
    control.kick();
    ConsoleDriver.await(driver.guest::isDisconnected);
    Guest.await(driver.guest.disconnect());
    driver.guest.truncate(driver.guest.memoryBytes());
    driver.guest.connect();
    for (int i = 0; i < 6; i++) {
      driver.guest.queue(i).beginAnew();
    }
    driver.start();
    driver.ready();
    assertThat(driver.messages()).containsExactly("0 ADD 0", "1 ADD 0");
  }

  // Without MULTIPORT

  @Test
  void aDriverThatKnowsOnePortHasIt_K7() throws Exception {
    console.resize(80, 25);
    ConsoleDriver driver =
        kept(new ConsoleDriver(device(SizeOrder.COLUMNS_FIRST, 0), ConsoleDriver.SIZE));
    for (int queue : new int[] {0, 1}) {
      Guest.await(driver.guest.queue(queue).start());
    }
    console.type(text("in"));
    assertThat(driver.awaitReceived(CONSOLE, 2)).isEqualTo(text("in"));
    driver.write(CONSOLE, text("out"));
    assertThat(console.output()).isEqualTo(text("out"));
    assertThat(driver.guest.readConfig(0, 4)).containsExactly(80, 0, 25, 0);
    console.resize(81, 26);
    ConsoleDriver.await(() -> driver.guest.configChanges() == 1);
    assertThat(driver.guest.readConfig(0, 4)).containsExactly(81, 0, 26, 0);
  }

  @Test
  void aTransportIsToldWhereTheDriverSpins() {
    ConsoleDevice device = device(SizeOrder.COLUMNS_FIRST, 0);
    assertThat(IntStream.range(0, 6).filter(device::driverSpins)).containsExactly(1, 3);
    boolean unused = device.close().succeeded();
  }

  // The configuration space

  @Test
  void theConfigurationTellsTheNumberOfPorts_K8() throws Exception {
    ConsoleDriver driver = driver();
    assertThat(driver.guest.readConfig(4, 4)).containsExactly(2, 0, 0, 0);
    assertThat(driver.guest.offered() & 7).isEqualTo(7);
  }

  @Test
  void anEmergencyWriteIsAByteOfOutputEvenBeforeAnyQueueRuns_K9() throws Exception {
    ConsoleDriver driver = driver();
    for (byte letter : text("oops")) {
      driver.guest.writeConfig(8, new byte[] {letter, 1, 2, 3});
    }
    driver.guest.writeConfig(0, new byte[] {9, 9, 9, 9, 9, 9, 9, 9, '!', 0, 0, 0}); // F6
    driver.guest.writeConfig(9, new byte[] {'?'});
    assertThat(console.output()).isEqualTo(text("oops!"));
    assertThat(driver.guest.readConfig(4, 4)).containsExactly(2, 0, 0, 0);
  }

  @Test
  void emergencyWritesThatNobodyReadsPushOutTheOldest_K9() throws Exception {
    console.open(false);
    ConsoleDriver driver = driver();
    for (int i = 0; i < KEPT + 10; i++) {
      driver.guest.writeConfig(8, new byte[] {(byte) i});
    }
    console.open(true);
    ConsoleDriver.await(() -> console.output().length == KEPT);
    assertThat(console.output()[0]).isEqualTo((byte) 10);
  }
}
