package io.vhost4j.device.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The device through the engine, with chips that tell what they are asked for. */
class SpiDeviceTest {
  private static final long SECONDS = 20;
  private static final int MEMORY_BYTES = 8 << 20;
  private static final int ENTRIES = 16;

  /** No mode 2 or 3, and words of 8 and 16 bits. */
  private static final SpiAbilities SOME =
      new SpiAbilities(
          1,
          3,
          (1 << 7) | (1 << 15),
          SpiAbilities.CPHA_0 | SpiAbilities.CPHA_1 | SpiAbilities.CPOL_0 | SpiAbilities.CS_HIGH,
          1_000_000);

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final ScriptedChip chip = new ScriptedChip(SOME);
  private final ScriptedChip other = new ScriptedChip(SOME);
  private final SpiDevice device;
  private final InProcessGuest guest;
  private final GuestQueue queue;
  private final LinkedBlockingQueue<Returned> returned = new LinkedBlockingQueue<>();

  SpiDeviceTest() throws Exception {
    device = new SpiDevice("spi", List.of(new SpiPort(chip), new SpiPort(other)), SOME);
    guest = InProcessGuest.create(vertx, device, MEMORY_BYTES);
    queue = guest.queue(0, 0, MEMORY_BYTES, ENTRIES, 0);
    // Zeros that are read are the device's.
    int rest = MEMORY_BYTES - (int) GuestQueue.ringBytes(ENTRIES);
    ByteBuffer dirt = ByteBuffer.allocate(rest);
    Arrays.fill(dirt.array(), (byte) 0xaa);
    guest.memory().write(MEMORY_BYTES - rest, dirt);
    queue.onReturned(returned::add);
    Guest.await(queue.start());
  }

  @AfterEach
  void close() throws Exception {
    chip.permits.release(1000);
    assertThat(guest.disconnects()).as("the device did not fail").isEmpty();
    guest.close();
    Guest.await(vertx.close());
  }

  private int add(SpiTransferRequest request) {
    int head = queue.add(request.readable(), request.writableBytes(), Integer.MAX_VALUE);
    queue.kick();
    return head;
  }

  /** What it comes back with, in hex, the result last. */
  private String answer(int head) throws InterruptedException {
    Returned buffer = returned.poll(SECONDS, TimeUnit.SECONDS);
    assertThat(buffer).as("a buffer that is back").isNotNull();
    assertThat(buffer.head()).as("in order").isEqualTo(head);
    assertThat(buffer.length()).isEqualTo(buffer.writable().length);
    return HexFormat.of().formatHex(buffer.writable());
  }

  private String send(SpiTransferRequest request) throws InterruptedException {
    return answer(add(request));
  }

  @Test
  void theConfigurationTellsWhatAllChipsCanDo() throws Exception {
    ByteBuffer config = ByteBuffer.wrap(guest.readConfig(0, 32)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(config.get(0)).as("chip selects").isEqualTo((byte) 2);
    assertThat(config.get(1)).as("cs_change").isEqualTo((byte) 1);
    assertThat(config.get(2)).as("lines to write").isEqualTo((byte) 1);
    assertThat(config.get(3)).as("lines to read").isEqualTo((byte) 3);
    assertThat(config.getInt(4)).as("bits per word").isEqualTo(0x8080);
    assertThat(config.getInt(8)).as("modes").isEqualTo(0b10111);
    assertThat(config.getInt(12)).as("fastest clock").isEqualTo(1_000_000);
    for (int delay = 16; delay < 32; delay += 4) {
      assertThat(config.getInt(delay)).isZero();
    }
  }

  @Test
  void bytesGoBothWaysAtOnce() throws Exception {
    assertThat(send(SpiTransferRequest.of("0102f0", 3))).isEqualTo("fefd0f" + "00");
    assertThat(chip.transfers).containsExactly("0 0 8 0/0 w 0102f0 r 3");
  }

  @Test
  void bytesGoOneWay() throws Exception {
    assertThat(send(SpiTransferRequest.of("0102", 0))).isEqualTo("00");
    assertThat(send(SpiTransferRequest.of("", 2))).hasSize(6).endsWith("00");
    assertThat(chip.transfers).containsExactly("0 0 8 0/0 w 0102", "0 0 8 0/0 r 2");
  }

  @Test
  void whatTheRequestSaysReachesTheChip() throws Exception {
    SpiTransferRequest request =
        SpiTransferRequest.of("0102", 2)
            .with(0, 1)
            .with(1, 16)
            .with(2, 1)
            .with(3, 2)
            .with(4, 4)
            .withWord(8, 5)
            .withWord(12, 1_000_000);
    assertThat(send(request)).isEqualTo("fefd" + "00");
    assertThat(other.transfers).containsExactly("5 1000000 16 2/4 w 0102 r 2");
    assertThat(chip.transfers).isEmpty();
  }

  @ParameterizedTest(name = "byte {0} = {1}")
  @CsvSource({
    "0, 2", // P4: there are chips 0 and 1
    "0, 255", "1, 7", // P1: words
    "1, 9", "1, 32", "1, 33", "1, 255", "2, 2", // cs_change
    "3, 3", // P3
    "3, 4", // P1
    "3, 255", "4, 5", "4, 8", "8, 2", // CPOL 1
    "8, 8", // LSB_FIRST
    "8, 16", // LOOP
    "8, 32", "11, 128", "14, 16", // 1048576 Hz
    "15, 128", // 2^31 Hz
    "16, 1", // delays
    "20, 1", "24, 1", "31, 1",
  })
  void p1WhatIsNotSupportedIsRefused(int offset, int value) throws Exception {
    assertThat(send(SpiTransferRequest.of("01020304", 4).with(offset, value)))
        .as("P8: and nothing is read")
        .isEqualTo("00000000" + "01");
    assertThat(chip.transfers).isEmpty();
    assertThat(other.transfers).isEmpty();
  }

  @Test
  void p2AsMuchIsReadAsWritten() throws Exception {
    assertThat(send(SpiTransferRequest.of("0102", 3))).isEqualTo("00000001");
    assertThat(send(SpiTransferRequest.of("0102", 1))).isEqualTo("0001");
    assertThat(chip.transfers).isEmpty();
  }

  @Test
  void p5AnEmptyTransferIsRefused() throws Exception {
    assertThat(send(SpiTransferRequest.of("", 0))).isEqualTo("01");
  }

  @Test
  void p6WordsAreWhole() throws Exception {
    assertThat(send(SpiTransferRequest.of("010203", 3).with(1, 16))).isEqualTo("00000001");
    assertThat(send(SpiTransferRequest.of("01020304", 4).with(1, 16))).endsWith("00");
    assertThat(chip.transfers).containsExactly("0 0 16 0/0 w 01020304 r 4");
  }

  @ParameterizedTest(name = "{0} bits are {1} bytes")
  @CsvSource({"1, 1", "7, 1", "8, 1", "9, 2", "15, 2", "16, 2", "17, 4", "24, 4", "32, 4"})
  void p6AWordIsOneTwoOrFourBytes(int bits, int bytes) throws Exception {
    SpiAbilities any = new SpiAbilities(0, 0, SpiAbilities.ANY_WORD_SIZE, SOME.modes(), 0);
    SpiDevice taker = new SpiDevice("any", List.of(new SpiPort(new ScriptedChip(any))), any);
    try (InProcessGuest second = InProcessGuest.create(vertx, taker, MEMORY_BYTES)) {
      GuestQueue ring = second.queue(0, 0, MEMORY_BYTES, ENTRIES, 0);
      Guest.await(ring.start());
      for (int length = 1; length <= 8; length++) {
        SpiTransferRequest request = SpiTransferRequest.of("00".repeat(length), 0).with(1, bits);
        assertThat(ring.request(request.readable(), request.writableBytes()).writable())
            .as("%d bytes", length)
            .containsExactly(length % bytes == 0 ? 0 : 1);
      }
    }
  }

  @Test
  void whatIsShortOrVeryLongIsRefused() throws Exception {
    for (int length = 0; length < SpiRequest.BYTES; length++) {
      assertThat(send(SpiTransferRequest.bytes(new byte[length], 2))).isEqualTo("0001");
    }
    int most = SpiRequest.MAX_BYTES;
    assertThat(send(SpiTransferRequest.of("00".repeat(most + 1), 0))).isEqualTo("01");
    assertThat(chip.transfers).isEmpty();
    assertThat(send(SpiTransferRequest.of("00".repeat(most), most)))
        .isEqualTo("ff".repeat(most) + "00");
  }

  @Test
  void p7ChipsWithoutACommonModeAreNotEnough() {
    SpiAbilities mode3 =
        new SpiAbilities(
            0, 0, SpiAbilities.ANY_WORD_SIZE, SpiAbilities.CPHA_1 | SpiAbilities.CPOL_1, 500_000);
    SpiAbilities common = SOME.and(mode3);
    assertThat(common.areEnough()).isFalse();
    assertThat(mode3.areEnough()).isTrue();
    assertThat(common.maxHertz()).isEqualTo(500_000);
    assertThat(common.wordSizes()).isEqualTo(0x8080);
  }

  @Test
  void p7ChipsWithoutACommonWordSizeAreNotEnough() {
    SpiAbilities of8Bits = ofWords(0x80);
    SpiAbilities of16Bits = ofWords(0x8000);
    assertThat(of8Bits.areEnough()).isTrue();
    assertThat(of8Bits.and(of16Bits).areEnough()).isFalse();
    assertThat(of8Bits.and(of16Bits).and(of8Bits).areEnough()).isFalse();
    assertThat(of8Bits.and(ofWords(SpiAbilities.ANY_WORD_SIZE)).wordSizes()).isEqualTo(0x80);
  }

  private static SpiAbilities ofWords(int sizes) {
    return new SpiAbilities(0, 0, sizes, SOME.modes(), 0);
  }

  @Test
  void aTransferThatFailsIsTold() throws Exception {
    chip.fails = true;
    assertThat(send(SpiTransferRequest.of("0102", 2))).as("P8").isEqualTo("000002");
    chip.fails = false;
    assertThat(send(SpiTransferRequest.of("0102", 2))).isEqualTo("fefd00");
  }

  @Test
  void transfersFollowEachOther() throws Exception {
    int before = chip.permits.drainPermits();
    assertThat(before).isPositive();
    int first = add(SpiTransferRequest.of("01", 1));
    int second = add(SpiTransferRequest.of("02", 1).with(0, 1));
    int third = add(SpiTransferRequest.of("03", 2));
    chip.begun.acquire();
    assertThat(other.transfers).isEmpty();
    chip.permits.release(9);
    assertThat(answer(first)).isEqualTo("fe00");
    assertThat(answer(second)).isEqualTo("fd00");
    assertThat(answer(third)).isEqualTo("000001");
  }

  /** F8: what was not begun stays in the ring, what was begun ends. */
  @Test
  void aPauseLosesNothingAndDoesNothingTwice_F8() throws Exception {
    int before = chip.permits.drainPermits();
    assertThat(before).isPositive();
    int first = add(SpiTransferRequest.of("01", 1));
    chip.begun.acquire();
    int second = add(SpiTransferRequest.of("02", 1));
    Future<Void> stopped = queue.stop();
    chip.permits.release();
    Guest.await(stopped);
    queue.collect();
    assertThat(answer(first)).isEqualTo("fe00");
    chip.permits.release();
    Guest.await(queue.start());
    assertThat(answer(second)).isEqualTo("fd00");
    assertThat(chip.transfers).containsExactly("0 0 8 0/0 w 01 r 1", "0 0 8 0/0 w 02 r 1");
  }

  /** A buffer that was taken later is back: what was not begun cannot stay in the ring. */
  @Test
  void aPauseFailsWhatCannotStayInTheRing_F8() throws Exception {
    int before = chip.permits.drainPermits();
    assertThat(before).isPositive();
    int first = add(SpiTransferRequest.of("01", 1));
    chip.begun.acquire();
    int second = add(SpiTransferRequest.of("02", 1));
    int withoutRoom = queue.add(new byte[1], 0, Integer.MAX_VALUE);
    queue.kick();
    assertThat(answer(withoutRoom)).isEmpty();
    Future<Void> stopped = queue.stop();
    chip.permits.release();
    Guest.await(stopped);
    queue.collect();
    assertThat(answer(second)).isEqualTo("0002");
    assertThat(answer(first)).isEqualTo("fe00");
    assertThat(chip.transfers).containsExactly("0 0 8 0/0 w 01 r 1");
  }

  @Test
  void theDriverIsToldOnceOfWhatIsRefusedTogether() throws Exception {
    SpiTransferRequest nothing = SpiTransferRequest.of("", 0);
    int before = queue.notifications();
    List<Integer> heads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      heads.add(queue.add(nothing.readable(), nothing.writableBytes(), Integer.MAX_VALUE));
    }
    queue.kick();
    for (int head : heads) {
      assertThat(answer(head)).isEqualTo("01");
    }
    assertThat(queue.notifications() - before).isEqualTo(1);
  }

  @Test
  void aStopDoesNotWaitForAChipThatIsStuck() throws Exception {
    int before = chip.permits.drainPermits();
    assertThat(before).isPositive();
    int head = add(SpiTransferRequest.of("01", 1));
    chip.begun.acquire();
    Guest.await(queue.stop());
    queue.collect();
    assertThat(answer(head)).isEqualTo("0002");
    Guest.await(queue.start());
    assertThat(send(SpiTransferRequest.of("02", 1))).as("still stuck").isEqualTo("0002");
    assertThat(send(SpiTransferRequest.of("03", 1).with(0, 1))).isEqualTo("fc00");
  }

  @Test
  void transfersAreCounted() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    device.meters(Tags.of("socket", "/x")).bindTo(registry);
    assertThat(send(SpiTransferRequest.of("02", 1))).endsWith("00");
    assertThat(send(SpiTransferRequest.of("02", 3))).endsWith("01");
    chip.fails = true;
    assertThat(send(SpiTransferRequest.of("02", 1))).endsWith("02");
    for (String result : List.of("ok", "parameter_error", "transfer_error")) {
      assertThat(
              registry
                  .get("vhost.spi.transfers")
                  .tags("device", "spi", "socket", "/x", "result", result)
                  .functionCounter()
                  .count())
          .isEqualTo(1);
    }
  }

  @Test
  void theChipIsClosedWithTheDevice() throws Exception {
    Guest.await(guest.end());
    for (int k = 0; k < 4000 && !(chip.isClosed && other.isClosed); k++) {
      Thread.sleep(5);
    }
    assertThat(chip.isClosed && other.isClosed).isTrue();
  }
}
