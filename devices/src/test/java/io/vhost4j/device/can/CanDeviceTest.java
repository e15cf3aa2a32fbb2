package io.vhost4j.device.can;

import static io.vhost4j.device.can.CanBus.Sent.FULL;
import static io.vhost4j.device.can.CanBus.Sent.REFUSED;
import static io.vhost4j.device.can.CanBus.Sent.UNDERWAY;
import static io.vhost4j.device.can.CanGuest.NOT_OK;
import static io.vhost4j.device.can.CanGuest.OK;
import static io.vhost4j.device.can.CanGuest.START;
import static io.vhost4j.device.can.CanGuest.STOP;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.LogWatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanDeviceTest {
  private static final int CLASSIC = 1;
  private static final int FD = 2;
  private static final int RTR = 4;
  private static final int LATE = 8;

  /** Room for any frame. */
  private static final int ROOM = 80;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final ScriptedBus bus = new ScriptedBus();
  private final CanDevice device = new CanDevice("can", bus, 0);

  @AfterEach
  void close() throws Exception {
    Guest.await(vertx.close());
  }

  private CanGuest guest() throws Exception {
    return new CanGuest(vertx, device);
  }

  private CanGuest started() throws Exception {
    CanGuest guest = guest();
    assertThat(guest.command(START)).isEqualTo(OK);
    return guest;
  }

  private static List<byte[]> rx(String... texts) {
    return Arrays.stream(texts).map(Frames::rx).toList();
  }

  // The controller

  @Test
  void aControllerIsStoppedAtFirstAndRefusesFrames_L1() throws Exception {
    try (CanGuest guest = guest()) {
      guest.send("123#01");
      assertThat(guest.results).containsExactly(NOT_OK);
      assertThat(bus.isJoined()).isFalse();
      assertThat(guest.command(START)).isEqualTo(OK);
      guest.send("123#02");
      assertThat(guest.results).containsExactly(NOT_OK, OK);
      assertThat(bus.sent).containsExactly("123#02");
      assertThat(guest.command(STOP)).isEqualTo(OK);
      guest.send("123#03");
      assertThat(guest.results).containsExactly(NOT_OK, OK, NOT_OK);
      assertThat(bus.isJoined()).isFalse();
    }
  }

  @Test
  void stopFailsWhatIsPendingAndThenCompletes_L2() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, UNDERWAY, FULL));
      guest.send("001#", "002#", "003#", "004#");
      assertThat(guest.results).isEmpty();
      List<String> order = Collections.synchronizedList(new ArrayList<>());
      guest.control.onReturned(reply -> order.add("stopped"));
      guest.tx.onReturned(
          frame -> {
            guest.control.collect(); // a reply that is there already
            order.add("frame " + frame.writable()[0]);
          });
      assertThat(guest.command(STOP)).isEqualTo(OK);
      assertThat(order).containsExactly("frame 1", "frame 1", "frame 1", "frame 1", "stopped");
      assertThat(bus.sent).containsExactly("001#", "002#");
    }
  }

  @Test
  void startAndStopOfOneThatIsSoAlreadyAreRight_L8() throws Exception {
    try (CanGuest guest = guest()) {
      assertThat(guest.command(STOP)).isEqualTo(OK);
      assertThat(guest.command(START)).isEqualTo(OK);
      assertThat(guest.command(START)).isEqualTo(OK);
      assertThat(bus.starts).isEqualTo(1);
    }
  }

  @Test
  void otherCommandsAreRefused() throws Exception {
    try (CanGuest guest = guest()) {
      assertThat(guest.command(0)).isEqualTo(NOT_OK);
      assertThat(guest.command(0x203)).isEqualTo(NOT_OK);
      assertThat(guest.command(new byte[] {1})).isEqualTo(NOT_OK);
      assertThat(guest.command(new byte[] {1, 2, 99})).isEqualTo(OK); // more than needed is ignored
    }
  }

  @Test
  void aBusThatCannotBeJoinedIsToldToTheDriver() throws Exception {
    bus.failure = new IOException("no descriptors left");
    try (LogWatch log = new LogWatch();
        CanGuest guest = guest()) {
      assertThat(guest.command(START)).isEqualTo(NOT_OK);
      assertThat(log.lines()).anySatisfy(line -> assertThat(line).contains("no descriptors left"));
      assertThat(log.stackTraces()).isEmpty();
      bus.failure = null;
      assertThat(guest.command(START)).isEqualTo(OK);
    }
  }

  @Test
  void busOffStopsFailsWhatIsPendingAndTellsTheDriverUntilItStarts_L7_L8() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.add(UNDERWAY);
      guest.send("001#");
      guest.guest.run(() -> bus.listener().busOff());
      assertThat(guest.results).containsExactly(NOT_OK);
      assertThat(guest.status()).isEqualTo(1);
      assertThat(guest.guest.configChanges()).isEqualTo(1);
      guest.send("002#");
      assertThat(guest.results).containsExactly(NOT_OK, NOT_OK);
      assertThat(bus.isJoined()).isFalse();

      assertThat(guest.command(START)).isEqualTo(OK);
      assertThat(guest.status()).isZero();
      guest.send("003#");
      assertThat(guest.results).containsExactly(NOT_OK, NOT_OK, OK);
    }
  }

  @Test
  void aRefusedFrameIsNoBusOff_L11() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.add(REFUSED);
      guest.send("001#");
      guest.send(new byte[3]);
      guest.send("002#");
      assertThat(guest.results).containsExactly(NOT_OK, NOT_OK, OK);
      assertThat(guest.status()).isZero();
      assertThat(guest.guest.configChanges()).isZero();
    }
  }

  @Test
  void aDriverDoesNotWriteTheStatus_L7() throws Exception {
    try (CanGuest guest = started()) {
      guest.guest.writeConfig(0, new byte[] {1, 1});
      assertThat(guest.guest.readConfig(0, 2)).containsExactly(0, 0);
    }
  }

  @Test
  void aResetStopsAndForgets() throws Exception {
    try (CanGuest guest = started()) {
      guest.guest.run(() -> bus.listener().busOff());
      Guest.await(guest.guest.reset());
      assertThat(guest.status()).isZero();
      assertThat(bus.isJoined()).isFalse();
    }
  }

  // Features

  @Test
  void fdIsOfferedWhereTheBusHasIt_L3() {
    assertThat(device.features()).isEqualTo(CLASSIC | FD | RTR | LATE);
    bus.takesFd = false;
    assertThat(device.features()).isEqualTo(CLASSIC | RTR | LATE);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "0, ",
    "1, 001#01",
    "2, 001##001",
    "3, 001#01 001##001",
    "4, ", // RTR is nothing without CLASSIC
    "5, 001#01 001#R1",
    "7, 001#01 001##001 001#R1",
  })
  void whatIsNotNegotiatedIsNeitherSentNorReceived_L3_L4(long features, String texts)
      throws Exception {
    String[] all = {"001#01", "001##001", "001#R1"};
    List<String> right = texts == null ? List.of() : List.of(texts.split(" "));
    try (CanGuest guest = new CanGuest(vertx, device, features)) {
      guest.command(START);
      guest.send(all);
      assertThat(bus.sent).isEqualTo(right);
      assertThat(guest.results)
          .isEqualTo(Arrays.stream(all).map(text -> right.contains(text) ? OK : NOT_OK).toList());
      guest.post(4, ROOM);
      guest.hear(bus, all);
      assertThat(guest.received).containsExactlyElementsOf(rx(right.toArray(String[]::new)));
      assertThat(device.counters().notNegotiated).isEqualTo(3L - right.size());
    }
  }

  // Frames to the bus

  @ParameterizedTest
  @ValueSource(
      strings = {
        "000#",
        "7ff#0102030405060708",
        "00000000#",
        "1fffffff#0102030405060708",
        "001#R0",
        "1fffffff#R8",
        "001##0",
        "001##00102030405060708",
        "1fffffff##00102030405060708090a0b0c",
      })
  void everyKindOfFrameGoesToTheBusAsItIs(String text) throws Exception {
    try (CanGuest guest = started()) {
      guest.send(text);
      assertThat(bus.sent).containsExactly(text);
      assertThat(guest.results).containsExactly(OK);
    }
  }

  @Test
  void lengthsOfFdFramesAreThoseThatThereAre_L4() throws Exception {
    List<Integer> lengths = List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64);
    try (CanGuest guest = started()) {
      for (int length = 0; length <= 65; length++) {
        guest.results.clear();
        guest.send(Frames.raw(Frames.TX, length, CanFrame.FD, 1, new byte[length]));
        assertThat(guest.results)
            .as("length %d", length)
            .containsExactly(lengths.contains(length) ? OK : NOT_OK);
      }
    }
  }

  @Test
  void aLengthThatNoFrameHasIsPaddedToTheNext_L4() {
    List<Integer> lengths = List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64);
    for (int bytes = 0; bytes <= 64; bytes++) {
      int least = bytes;
      assertThat(CanFrame.paddedLength(bytes))
          .isEqualTo(lengths.stream().filter(length -> length >= least).findFirst().orElseThrow());
    }
  }

  @ParameterizedTest(name = "type {0}, length {1}, flags {2}, id {3}, {4} bytes")
  @CsvSource({
    "0, 0, 0, 1, 0",
    "2, 0, 0, 1, 0",
    "0x101, 0, 0, 1, 0",
    "1, 9, 0, 1, 9",
    "1, 64, 0, 1, 64",
    "1, 0xffff, 0, 1, 65535",
    "1, 65, 0x4000, 1, 65",
    "1, 12, 0x8000, 1, 12",
    "1, 0, 0, 0x800, 0",
    "1, 0, 0, 0x80000001, 0",
    "1, 0, 0x8000, 0x20000000, 0",
    "1, 0, 0x8000, 0xffffffff, 0",
    "1, 0, 1, 1, 0",
    "1, 0, 0x1000, 1, 0",
    "1, 0, 0x10000, 1, 0",
    "1, 0, 0x80000000, 1, 0",
    "1, 9, 0x2000, 1, 9", // a remote frame
    "1, 4, 0x6000, 1, 4", // L5: of CAN FD
    "1, 0, 0x6000, 1, 0",
    "1, 8, 0, 1, 7", // L10
    "1, 64, 0x4000, 1, 63",
    "1, 1, 0x2000, 1, 0",
  })
  void whatIsNoFrameIsRefusedAndNothingSent_L4_L5_L10(
      String type, String length, String flags, String id, int bytes) throws Exception {
    try (CanGuest guest = started()) {
      guest.send(
          Frames.raw(
              Integer.decode(type),
              Integer.decode(length),
              Long.decode(flags).intValue(),
              Long.decode(id).intValue(),
              new byte[bytes]));
      assertThat(guest.results).containsExactly(NOT_OK);
      assertThat(bus.sent).isEmpty();
      assertThat(device.counters().refused).isEqualTo(1);
    }
  }

  @Test
  void aHeaderThatIsNotWholeIsRefused_L10() throws Exception {
    try (CanGuest guest = started()) {
      for (int length = 1; length < CanFrame.HEADER; length++) {
        guest.send(Arrays.copyOf(Frames.tx("001#"), length));
      }
      assertThat(guest.results).hasSize(15).containsOnly(NOT_OK);
    }
  }

  @Test
  void aFrameWithoutRoomForAResultIsNotSent_H4() throws Exception {
    try (CanGuest guest = started()) {
      int unused = guest.tx.add(Frames.tx("001#"), 0, Integer.MAX_VALUE);
      guest.tx.kick();
      assertThat(guest.results).containsExactly(-1);
      assertThat(bus.sent).isEmpty();
    }
  }

  @Test
  void howDescriptorsCutAFrameMakesNoDifference() throws Exception {
    String text = "12345678##0" + "0123456789abcdef".repeat(8);
    try (CanGuest guest = started()) {
      int unused = guest.tx.add(Frames.tx(text), 3, 7);
      guest.tx.kick();
      assertThat(bus.sent).containsExactly(text);
      assertThat(guest.results).containsExactly(OK);
    }
  }

  /** What a driver adds behind the data is no part of the frame. */
  @Test
  void bytesBehindTheDataAreIgnored() throws Exception {
    try (CanGuest guest = started()) {
      guest.send(Frames.raw(Frames.TX, 2, 0, 1, new byte[] {1, 2, 3, 4}));
      assertThat(bus.sent).containsExactly("001#0102");
    }
  }

  @Test
  void lateAcknowledgementIsAskedForWhereItIsNegotiated_L6() throws Exception {
    try (CanGuest guest = started()) {
      assertThat(bus.confirms).isTrue();
      guest.command(STOP);
    }
    try (CanGuest guest = new CanGuest(vertx, new CanDevice("can", bus, 0), CLASSIC)) {
      guest.command(START);
      assertThat(bus.confirms).isFalse();
    }
  }

  @Test
  void aFrameIsRepliedToWhenTheBusHasIt_L6() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, UNDERWAY, UNDERWAY));
      guest.send("001#01", "001#02", "001#01");
      assertThat(guest.results).isEmpty();
      assertThat(guest.tx.inFlight()).isEqualTo(3);
      guest.confirm(bus, "001#01");
      assertThat(guest.tx.inFlight()).isEqualTo(2);
      guest.confirm(bus, "7ff#"); // which nobody has sent
      assertThat(guest.tx.inFlight()).isEqualTo(2);
      guest.confirm(bus, "001#01", "001#02");
      assertThat(guest.results).containsExactly(OK, OK, OK);
      assertThat(device.counters().sent).isEqualTo(3);
    }
  }

  /** Where the host has dropped what would have confirmed them, nothing else will come. */
  @Test
  void lostConfirmationsDoNotHoldTheDriversBuffers() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, UNDERWAY));
      guest.send("001#", "002#");
      guest.guest.run(
          () -> {
            bus.listener().missed(7);
            bus.listener().ready();
          });
      assertThat(guest.results).containsExactly(OK, OK);
      assertThat(device.counters().missed).isEqualTo(7);
    }
  }

  /** As a bus does every second while it has frames. */
  private void check(CanGuest guest, int times) {
    for (int i = 0; i < times; i++) {
      guest.guest.run(() -> bus.listener().failLost());
    }
  }

  @Test
  void aFrameThatLaterOnesHaveOvertakenForSecondsIsLost_L6() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, UNDERWAY, UNDERWAY, UNDERWAY));
      guest.send("001#", "002#", "003#", "004#");
      guest.confirm(bus, "002#");
      check(guest, 2);
      guest.confirm(bus, "003#");
      assertThat(guest.results).containsExactly(OK, OK); // 001# may be in a mailbox
      check(guest, 1);
      assertThat(guest.results).containsExactly(OK, OK, NOT_OK);
      check(guest, 10);
      assertThat(guest.tx.inFlight()).isEqualTo(1); // nothing tells that 004# is lost
      guest.confirm(bus, "004#");
      assertThat(guest.results).containsExactly(OK, OK, NOT_OK, OK);
      assertThat(device.counters().refused).isEqualTo(1);
    }
  }

  @Test
  void framesThatNobodyAcknowledgesWaitUntilSomebodyDoes_L6() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, UNDERWAY, UNDERWAY));
      guest.send("001#", "001#", "002#");
      check(guest, 100);
      assertThat(guest.results).isEmpty();
      guest.confirm(bus, "001#", "001#", "002#");
      assertThat(guest.results).containsExactly(OK, OK, OK);
    }
  }

  @Test
  void aControllerThatSendsInAnotherOrderLosesNothing_L6() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, UNDERWAY, UNDERWAY));
      guest.send("002#", "001#", "002#");
      guest.confirm(bus, "001#", "002#");
      check(guest, 1);
      guest.confirm(bus, "002#");
      check(guest, 10);
      assertThat(guest.results).containsExactly(OK, OK, OK);
    }
  }

  /** A guest that says the same again and again, on a bus that loses some of it. */
  @Test
  void lostFramesThatAreLikeTheOthersDoNotHoldTheDriversBuffersForEver_L6() throws Exception {
    try (CanGuest guest = started()) {
      for (int i = 0; i < 6; i++) {
        bus.answers.add(UNDERWAY);
        guest.send("001#");
        check(guest, 1);
        if (i % 2 != 0) {
          guest.confirm(bus, "001#");
        }
      }
      assertThat(guest.results).containsExactly(OK, OK, OK);
      check(guest, 4);
      assertThat(guest.results).containsExactly(OK, OK, OK, NOT_OK, NOT_OK, NOT_OK);
    }
  }

  @Test
  void aLostFrameIsNotTakenForALaterOneThatIsLikeIt_L6() throws Exception {
    try (CanGuest guest = started()) {
      for (int i = 0; i < 5; i++) {
        bus.answers.addAll(List.of(UNDERWAY, UNDERWAY));
        guest.send("001#", "002#");
        guest.confirm(bus, i == 0 ? new String[] {"002#"} : new String[] {"001#", "002#"});
        check(guest, 1);
      }
      assertThat(guest.results).hasSize(10).containsOnlyOnce(NOT_OK);
      assertThat(guest.tx.inFlight()).isZero();
    }
  }

  @Test
  void framesForWhichThereIsNoRoomAreSentInOrderWhenThereIs() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.add(FULL);
      guest.send("001#", "002#", "003#");
      guest.send("004#");
      assertThat(bus.sent).containsExactly("001#", "002#", "003#", "004#");
      bus.answers.addAll(List.of(FULL, FULL));
      guest.send("005#", "006#");
      assertThat(guest.results).hasSize(4);
      guest.hear(bus);
      assertThat(guest.results).hasSize(4); // still full
      guest.hear(bus);
      assertThat(bus.sent).endsWith("005#", "006#");
      assertThat(guest.results).hasSize(6).containsOnly(OK);
    }
  }

  @Test
  void whenTheBusIsGoneWhatIsPendingFailsAndTheControllerStaysStarted() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, FULL, REFUSED, REFUSED));
      guest.send("001#", "002#", "003#");
      guest.guest.run(() -> bus.listener().gone());
      assertThat(guest.results).containsExactly(NOT_OK, NOT_OK, NOT_OK);
      assertThat(guest.status()).isZero();
      guest.send("004#");
      assertThat(guest.results).hasSize(4).endsWith(OK);
    }
  }

  // Frames of the bus

  /** Linux' driver is deaf for ever if it is interrupted before it is through with START. */
  @Test
  void framesAreKeptForAMomentAfterStartOrUntilTheDriverSendsOne() throws Exception {
    CanDevice settling = new CanDevice("can", bus, TimeUnit.HOURS.toMillis(1));
    try (CanGuest guest = new CanGuest(vertx, settling)) {
      guest.post(4, ROOM);
      guest.command(START);
      guest.hear(bus, "001#", "002#");
      assertThat(guest.received).isEmpty();
      guest.send("003#");
      assertThat(guest.received).containsExactlyElementsOf(rx("001#", "002#"));
      guest.hear(bus, "004#");
      assertThat(guest.received).hasSize(3);

      int unused = guest.control.add(new byte[] {(byte) STOP, STOP >> 8}, 1, Integer.MAX_VALUE);
      guest.command(START);
      guest.hear(bus, "005#");
      assertThat(guest.received).hasSize(3);
    }
    CanDevice quick = new CanDevice("can", bus, 1);
    try (CanGuest guest = new CanGuest(vertx, quick)) {
      guest.post(4, ROOM);
      guest.command(START);
      guest.hear(bus, "001#");
      for (int i = 0; i < 4000 && guest.received.isEmpty(); i++) {
        Thread.sleep(5);
      }
      assertThat(guest.received).containsExactlyElementsOf(rx("001#"));
    }
  }

  /** ... or after it has the reply to STOP. */
  @Test
  void stopIsRepliedToAMomentAfterTheLastInterrupt() throws Exception {
    CanDevice settling = new CanDevice("can", bus, TimeUnit.HOURS.toMillis(1));
    try (CanGuest guest = new CanGuest(vertx, settling)) {
      guest.command(START);
      bus.answers.add(UNDERWAY);
      guest.send("001#");
      List<Integer> replies = Collections.synchronizedList(new ArrayList<>());
      guest.control.onReturned(reply -> replies.add((int) reply.writable()[0]));
      int unused = guest.control.add(new byte[] {(byte) STOP, STOP >> 8}, 1, Integer.MAX_VALUE);
      guest.control.kick();
      assertThat(guest.results).as("cancelled").containsExactly(NOT_OK);
      assertThat(replies).isEmpty();
      Guest.await(guest.control.stop());
      guest.control.collect();
      assertThat(replies).containsExactly(OK);
    }
    CanDevice quick = new CanDevice("can", bus, 1);
    try (CanGuest guest = new CanGuest(vertx, quick)) {
      guest.command(START);
      assertThat(guest.command(STOP)).isEqualTo(OK);
    }
  }

  @Test
  void busOffIsToldWhenTheDriverIsThroughWithStart() throws Exception {
    CanDevice settling = new CanDevice("can", bus, TimeUnit.HOURS.toMillis(1));
    try (CanGuest guest = new CanGuest(vertx, settling)) {
      guest.command(START);
      int before = guest.guest.configChanges();
      guest.guest.run(() -> bus.listener().busOff());
      assertThat(guest.status()).isEqualTo(1);
      assertThat(guest.guest.configChanges()).isEqualTo(before);
      guest.send("001#");
      assertThat(guest.results).containsExactly(NOT_OK);
      assertThat(guest.guest.configChanges()).isEqualTo(before + 1);
    }
  }

  @Test
  void framesComeInTheirOrderAndWithTheLengthThatLinuxWants() throws Exception {
    String[] texts = {
      "000#",
      "7ff#0102030405060708",
      "1fffffff#11",
      "001#R8", // whose 8 bytes of data Linux wants, though there are none
      "001#R0",
      "12345678##0" + "ab".repeat(64),
    };
    try (CanGuest guest = started()) {
      guest.post(10, ROOM);
      guest.hear(bus, texts);
      assertThat(guest.received).containsExactlyElementsOf(rx(texts));
      assertThat(guest.received.get(3)).hasSize(24);
      assertThat(guest.rx.inFlight()).isEqualTo(4); // one buffer for each (H7)
      assertThat(device.counters().received).isEqualTo(6);
    }
  }

  @Test
  void framesWaitForBuffersAsManyAsThereIsRoomForAndTheOthersAreCounted() throws Exception {
    String[] texts =
        IntStream.range(0, CanDevice.INBOX + 5).mapToObj("%08x#"::formatted).toArray(String[]::new);
    try (LogWatch log = new LogWatch();
        CanGuest guest = started()) {
      guest.hear(bus, texts);
      while (guest.received.size() < CanDevice.INBOX) {
        guest.post(32, ROOM);
      }
      guest.post(1, ROOM);
      assertThat(guest.received)
          .containsExactlyElementsOf(rx(Arrays.copyOf(texts, CanDevice.INBOX)));
      assertThat(device.counters().overruns).isEqualTo(5);
      assertThat(log.lines()).filteredOn(line -> line.contains("no buffers for them")).hasSize(1);
    }
  }

  @Test
  void aFrameThatDoesNotFitIsDroppedAndTheBufferStays_L9() throws Exception {
    try (CanGuest guest = started()) {
      guest.post(2, 24);
      guest.hear(bus, "001##0" + "00".repeat(12), "002#0102030405060708");
      assertThat(guest.received).containsExactlyElementsOf(rx("002#0102030405060708"));
      assertThat(guest.rx.inFlight()).isEqualTo(1);
      assertThat(device.counters().tooLarge).isEqualTo(1);
    }
  }

  @Test
  void aBufferThatHasRoomForNoFrameComesBack_H1() throws Exception {
    try (CanGuest guest = started()) {
      guest.post(1, 15);
      guest.post(1, ROOM);
      guest.hear(bus, "001#");
      assertThat(guest.received).containsExactly(new byte[0], Frames.rx("001#"));
    }
  }

  @Test
  void whatCameBeforeAStopIsNotReceivedAfterTheNextStart() throws Exception {
    try (CanGuest guest = started()) {
      guest.hear(bus, "001#");
      guest.command(STOP);
      guest.command(START);
      guest.post(1, ROOM);
      guest.hear(bus, "002#");
      assertThat(guest.received).containsExactlyElementsOf(rx("002#"));
    }
  }

  // Pauses of the guest

  @Test
  void aPausedGuestLosesNoFrame_F8() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.add(FULL);
      guest.post(2, ROOM);
      guest.send("001#", "002#");
      bus.answers.add(FULL);
      guest.send("003#");
      for (var queue : List.of(guest.tx, guest.rx, guest.control)) {
        Guest.await(queue.stop());
      }
      guest.hear(bus, "011#", "012#");
      assertThat(guest.received).isEmpty();
      for (var queue : List.of(guest.tx, guest.rx, guest.control)) {
        Guest.await(queue.start());
      }
      assertThat(bus.sent).containsExactly("001#", "002#", "003#");
      assertThat(guest.results).containsExactly(OK, OK, OK);
      assertThat(guest.received).containsExactlyElementsOf(rx("011#", "012#"));
    }
  }

  @Test
  void aRingThatStopsWaitsForConfirmations_L6() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.add(UNDERWAY);
      guest.send("001#");
      var stopped = guest.tx.stop();
      assertThat(stopped.isComplete()).isFalse();
      guest.confirm(bus, "001#");
      Guest.await(stopped);
      assertThat(guest.results).containsExactly(OK);
    }
  }

  @Test
  void aRingThatStopsFailsWhatTheBusDoesNotConfirm_L6() throws Exception {
    try (CanGuest guest = started()) {
      bus.answers.addAll(List.of(UNDERWAY, FULL));
      guest.send("001#", "002#");
      Guest.await(guest.tx.stop());
      assertThat(guest.results).containsExactly(NOT_OK);
      Guest.await(guest.tx.start());
      assertThat(guest.results).containsExactly(NOT_OK, OK);
      assertThat(bus.sent).containsExactly("001#", "002#");
    }
  }

  @Test
  void metersTellWhatWasCounted() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    new CanMetrics(device, Tags.of("socket", "/s")).bindTo(registry);
    try (CanGuest guest = started()) {
      bus.answers.add(REFUSED);
      guest.send("001#", "002#", "003#");
      guest.post(1, 16);
      guest.hear(bus, "001#01", "002#");
    }
    Tags tags = Tags.of("socket", "/s", "device", "can");
    assertThat(count(registry, "frames", tags.and("direction", "tx"))).isEqualTo(2);
    assertThat(count(registry, "frames", tags.and("direction", "rx"))).isEqualTo(1);
    assertThat(count(registry, "refused", tags)).isEqualTo(1);
    assertThat(count(registry, "lost", tags.and("reason", "small_buffer"))).isEqualTo(1);
    assertThat(count(registry, "lost", tags.and("reason", "no_buffer"))).isZero();
    assertThat(count(registry, "bus.off", tags)).isZero();
  }

  private static double count(SimpleMeterRegistry registry, String name, Tags tags) {
    return registry.get("vhost.can." + name).tags(tags).functionCounter().count();
  }
}
