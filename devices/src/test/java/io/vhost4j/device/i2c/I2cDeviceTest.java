package io.vhost4j.device.i2c;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The device through the engine, with buses that tell what they are asked for. */
class I2cDeviceTest {
  private static final int CHIP = 32;
  private static final int OTHER_BUS = 64;
  private static final int TEN_BITS = 0x2a5;
  private static final long SECONDS = 20;
  private static final int MEMORY_BYTES = 8 << 20;
  private static final int ENTRIES = 128;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final ScriptedBus bus = new ScriptedBus();
  private final ScriptedBus other = new ScriptedBus();
  private final I2cDevice device;
  private final InProcessGuest guest;
  private final GuestQueue queue;
  private final LinkedBlockingQueue<Returned> returned = new LinkedBlockingQueue<>();

  I2cDeviceTest() throws Exception {
    device =
        new I2cDevice(
            "i2c",
            List.of(
                new I2cPort(bus, Set.of(CHIP, 33, TEN_BITS)),
                new I2cPort(other, Set.of(OTHER_BUS))));
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
    bus.permits.release(1000);
    assertThat(guest.disconnects()).as("the device did not fail").isEmpty();
    guest.close();
    Guest.await(vertx.close());
  }

  private List<Integer> add(I2cMessage... messages) {
    List<Integer> heads = new ArrayList<>();
    for (I2cMessage message : messages) {
      heads.add(queue.add(message.readable(), message.writableBytes(), Integer.MAX_VALUE));
    }
    return heads;
  }

  private Returned next() throws InterruptedException {
    Returned buffer = returned.poll(SECONDS, TimeUnit.SECONDS);
    assertThat(buffer).as("a buffer that is back").isNotNull();
    return buffer;
  }

  /** What each of them comes back with, in hex, the status last; in the order in which it comes. */
  private List<String> send(I2cMessage... messages) throws InterruptedException {
    List<Integer> heads = add(messages);
    queue.kick();
    return answers(heads);
  }

  private List<String> answers(List<Integer> heads) throws InterruptedException {
    List<String> answers = new ArrayList<>();
    for (int head : heads) {
      Returned buffer = next();
      assertThat(buffer.head()).as("I2: in order").isEqualTo(head);
      assertThat(buffer.length()).isEqualTo(buffer.writable().length);
      answers.add(HexFormat.of().formatHex(buffer.writable()));
    }
    return answers;
  }

  @Test
  void aWriteAndAReadAreTransfersOfTheirOwn_I4() throws Exception {
    assertThat(send(I2cMessage.write(CHIP, "0102"), I2cMessage.read(CHIP, 3)))
        .containsExactly("00", "10111200");
    assertThat(bus.transfers).containsExactly("32 w 0102", "32 r 3");
  }

  @Test
  void aGroupIsOneTransfer_I4() throws Exception {
    assertThat(
            send(
                I2cMessage.write(CHIP, "07").then(),
                I2cMessage.read(CHIP, 2).then(),
                I2cMessage.write(33, "08"),
                I2cMessage.read(33, 1)))
        .containsExactly("00", "101100", "00", "1200");
    assertThat(bus.transfers).containsExactly("32 w 07, 32 r 2, 33 w 08", "33 r 1");
  }

  @Test
  void anotherGroupFollowsWhenTheFirstIsDone_I2() throws Exception {
    bus.stuck();
    List<Integer> heads = add(I2cMessage.write(CHIP, "01"));
    queue.kick();
    bus.begun.acquire();
    heads.addAll(add(I2cMessage.write(CHIP, "02").then()));
    queue.kick();
    heads.addAll(add(I2cMessage.write(CHIP, "03"), I2cMessage.write(OTHER_BUS, "04")));
    queue.kick();
    assertThat(returned).isEmpty();
    bus.permits.release(2);
    assertThat(answers(heads)).containsExactly("00", "00", "00", "00");
    assertThat(bus.transfers).containsExactly("32 w 01", "32 w 02, 32 w 03");
  }

  /** As Linux cuts a transfer that is longer than its ring. */
  @Test
  void aGroupWithoutEndIsNotWaitedFor_I6() throws Exception {
    assertThat(send(I2cMessage.write(CHIP, "01").then())).containsExactly("00");
    assertThat(send(I2cMessage.write(CHIP, "02"))).containsExactly("00");
    assertThat(bus.transfers).containsExactly("32 w 01", "32 w 02");
  }

  @Test
  void onAnErrorZerosAreReadAndWhatIsWrittenStays_I8() throws Exception {
    bus.does = 0;
    assertThat(send(I2cMessage.read(CHIP, 3))).containsExactly("00000001");
    assertThat(send(I2cMessage.read(99, 2))).as("refused").containsExactly("000001");
    long request = GuestQueue.ringBytes(ENTRIES);
    byte[] before = bytes(request, 64);
    bus.does = 9;
    assertThat(send(I2cMessage.write(CHIP, "0102"))).containsExactly("00");
    byte[] after = bytes(request, 64);
    assertThat(HexFormat.of().formatHex(after)).startsWith(HexFormat.of().formatHex(before, 0, 12));
    assertThat(HexFormat.of().formatHex(after)).contains("40000000" + "00000000" + "0102");
  }

  private byte[] bytes(long start, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    guest.memory().read(start, bytes);
    return bytes.array();
  }

  @Test
  void whatFailsTakesTheRestOfItsGroupWithIt_I3() throws Exception {
    bus.does = 1;
    assertThat(
            send(
                I2cMessage.write(CHIP, "01").then(),
                I2cMessage.read(CHIP, 2).then(),
                I2cMessage.write(CHIP, "02")))
        .containsExactly("00", "000001", "01");
    assertThat(bus.transfers).hasSize(1);
  }

  @Test
  void aFailureReachesTheRestOfTheGroupThatComesLater_I3() throws Exception {
    bus.does = 0;
    assertThat(send(I2cMessage.write(CHIP, "01").then())).containsExactly("01");
    bus.does = 9;
    assertThat(send(I2cMessage.write(CHIP, "02").then(), I2cMessage.write(CHIP, "03")))
        .containsExactly("01", "01");
    assertThat(send(I2cMessage.write(CHIP, "04"))).containsExactly("00");
    assertThat(bus.transfers).containsExactly("32 w 01", "32 w 04");
  }

  @Test
  void whatIsRefusedTakesTheRestOfItsGroupWithIt_I3() throws Exception {
    assertThat(
            send(
                I2cMessage.write(CHIP, "01").then(),
                I2cMessage.write(99, "02").then(),
                I2cMessage.write(CHIP, "03"),
                I2cMessage.write(CHIP, "04")))
        .containsExactly("00", "01", "01", "00");
    assertThat(bus.transfers).containsExactly("32 w 01", "32 w 04");
  }

  @Test
  void aResetForgetsAFailure() throws Exception {
    bus.does = 0;
    assertThat(send(I2cMessage.write(CHIP, "01").then())).containsExactly("01");
    Guest.await(queue.stop());
    Guest.await(guest.reset());
    queue.beginAnew();
    bus.does = 9;
    Guest.await(queue.start());
    assertThat(send(I2cMessage.write(CHIP, "02"))).containsExactly("00");
  }

  @Test
  void anEmptyMessageAsksWhetherThereIsAChip_I5() throws Exception {
    assertThat(send(I2cMessage.write(CHIP, ""), I2cMessage.read(CHIP, 0)))
        .containsExactly("00", "00");
    bus.does = 0;
    assertThat(send(I2cMessage.write(CHIP, ""))).containsExactly("01");
    assertThat(bus.transfers).containsExactly("32 w", "32 r 0", "32 w");
  }

  @Test
  void busesAreOneToTheDriver() throws Exception {
    assertThat(
            send(
                I2cMessage.write(CHIP, "01").then(),
                I2cMessage.read(OTHER_BUS, 1).then(),
                I2cMessage.write(CHIP, "02")))
        .containsExactly("00", "1000", "00");
    assertThat(bus.transfers).containsExactly("32 w 01", "32 w 02");
    assertThat(other.transfers).containsExactly("64 r 1");
  }

  @Test
  void anAddressOfTenBitsIsTaken() throws Exception {
    int address = ((TEN_BITS & 0xff) << 8) | 0xf0 | ((TEN_BITS >> 7) & 6);
    assertThat(send(I2cMessage.raw(address, 0, "01", 1))).containsExactly("00");
    assertThat(bus.transfers).containsExactly(TEN_BITS + " w 01");
  }

  @ParameterizedTest(name = "address {0}, flags {1}, {2}, room {3}")
  @CsvSource({
    "0x41, 0, 01, 1", // an odd address
    "0x140, 0, 01, 1", // more than 7 bits
    "0x20f0, 0, 01, 1", // 10 bits, and a number of 7: that of the chip
    "0x40, 4, 01, 1", // a reserved flag
    "0x40, 0x80000000, 01, 1",
    "0x40, 2, 01, 2", // reads and writes
    "0x40, 0, 01, 2", // writes, with room
    "0x40, 2, 01, 1", // reads, with data
    "0xc6, 0, 01, 1", // an address that is not on the list
  })
  void whatIsMalformedIsRefused_I7(String address, String flags, String hex, int room)
      throws Exception {
    I2cMessage message =
        I2cMessage.raw(Integer.decode(address), Long.decode(flags).intValue(), hex, room);
    assertThat(send(message)).containsExactly("00".repeat(room - 1) + "01");
    assertThat(bus.transfers).isEmpty();
    assertThat(send(I2cMessage.write(CHIP, "04"))).containsExactly("00");
  }

  @Test
  void whatIsShortOrVeryLongIsRefused_I7() throws Exception {
    for (int length = 0; length < 8; length++) {
      assertThat(send(I2cMessage.bytes(new byte[length], 1))).containsExactly("01");
    }
    assertThat(send(I2cMessage.read(CHIP, 8193)).get(0)).endsWith("01");
    assertThat(send(I2cMessage.write(CHIP, "00".repeat(8193)))).containsExactly("01");
    assertThat(bus.transfers).isEmpty();
    assertThat(send(I2cMessage.read(CHIP, 8192)).get(0)).endsWith("00");
    assertThat(send(I2cMessage.write(CHIP, "00".repeat(8192)))).containsExactly("00");
  }

  @Test
  void aGroupThatIsTooLongIsNotBegun_I4() throws Exception {
    I2cMessage[] group = new I2cMessage[43];
    for (int i = 0; i < group.length; i++) {
      group[i] = I2cMessage.write(CHIP, "01").then();
    }
    group[42] = I2cMessage.write(CHIP, "01");
    assertThat(send(group)).hasSize(43).containsOnly("01");
    assertThat(bus.transfers).isEmpty();
    group[41] = group[42];
    assertThat(send(group)).hasSize(43).containsOnly("00");
    assertThat(bus.transfers).hasSize(2);
  }

  @Test
  void aDriverWithoutEmptyMessagesIsRefused_I1() throws Exception {
    assertThat(guest.offered() & I2cDevice.ZERO_LENGTH_REQUEST).isNotZero();
    Guest.await(guest.disconnect());
    guest.connect();
    guest.acknowledge(VirtioFeature.VERSION_1);
    queue.beginAnew();
    Guest.await(queue.start());
    assertThat(send(I2cMessage.write(CHIP, "01"))).containsExactly("01");
    assertThat(bus.transfers).isEmpty();
  }

  /** F8: what was not begun stays in the ring, what was begun ends. */
  @Test
  void aPauseLosesNothingAndDoesNothingTwice_F8() throws Exception {
    bus.stuck();
    List<Integer> heads = add(I2cMessage.write(CHIP, "01"));
    queue.kick();
    bus.begun.acquire();
    heads.addAll(add(I2cMessage.write(CHIP, "02"), I2cMessage.write(CHIP, "03")));
    queue.kick();
    Future<Void> stopped = queue.stop();
    bus.permits.release();
    Guest.await(stopped);
    queue.collect();
    assertThat(answers(heads.subList(0, 1))).containsExactly("00");
    bus.permits.release(2);
    Guest.await(queue.start());
    assertThat(answers(heads.subList(1, 3))).containsExactly("00", "00");
    assertThat(bus.transfers).containsExactly("32 w 01", "32 w 02", "32 w 03");
  }

  @Test
  void aStopDoesNotWaitForABusThatIsStuck() throws Exception {
    bus.stuck();
    List<Integer> heads = add(I2cMessage.read(CHIP, 1));
    queue.kick();
    bus.begun.acquire();
    Guest.await(queue.stop());
    queue.collect();
    assertThat(answers(heads)).containsExactly("0001");
    Guest.await(queue.start());
    assertThat(send(I2cMessage.write(CHIP, "01"), I2cMessage.write(OTHER_BUS, "02")))
        .as("the bus is stuck, and the other is not")
        .containsExactly("01", "00");
    bus.permits.release(9);
    for (int k = 0; k < 4000 && !send(I2cMessage.write(CHIP, "03")).get(0).equals("00"); k++) {
      Thread.sleep(5);
    }
    assertThat(send(I2cMessage.write(CHIP, "04"))).containsExactly("00");
    assertThat(bus.transfers).containsExactly("32 r 1", "32 w 03", "32 w 04");
  }

  @Test
  void theDriverIsToldOfAGroupOnce() throws Exception {
    int before = queue.notifications();
    bus.stuck();
    List<Integer> heads =
        add(
            I2cMessage.write(CHIP, "01").then(),
            I2cMessage.read(CHIP, 1).then(),
            I2cMessage.read(CHIP, 1));
    queue.kick();
    bus.permits.release();
    assertThat(answers(heads)).containsExactly("00", "1000", "1100");
    assertThat(queue.notifications() - before).isEqualTo(1);
  }

  @Test
  void messagesAreCounted() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    device.meters(Tags.of("socket", "/x")).bindTo(registry);
    assertThat(send(I2cMessage.write(CHIP, "01"), I2cMessage.write(CHIP, "02"))).hasSize(2);
    assertThat(send(I2cMessage.write(99, "01"))).hasSize(1);
    assertThat(count(registry, "ok")).isEqualTo(2);
    assertThat(count(registry, "error")).isEqualTo(1);
  }

  private static double count(SimpleMeterRegistry registry, String status) {
    return registry
        .get("vhost.i2c.messages")
        .tags("device", "i2c", "socket", "/x", "status", status)
        .functionCounter()
        .count();
  }

  @Test
  void theBusIsClosedWithTheDevice() throws Exception {
    guest.end().toCompletionStage().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
    for (int k = 0; k < 4000 && !(bus.isClosed && other.isClosed); k++) {
      Thread.sleep(5);
    }
    assertThat(bus.isClosed && other.isClosed).isTrue();
  }
}
