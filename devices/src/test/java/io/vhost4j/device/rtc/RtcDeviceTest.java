package io.vhost4j.device.rtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.VirtioFeature;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.Guest;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The device with clocks whose time the test decides. */
class RtcDeviceTest {
  private static final int READ = 1;
  private static final int READ_CROSS = 2;
  private static final int CFG = 0x1000;
  private static final int CLOCK_CAP = 0x1001;
  private static final int CROSS_CAP = 0x1002;
  private static final int READ_ALARM = 0x1003;
  private static final int SET_ALARM = 0x1004;
  private static final int SET_ALARM_ENABLED = 0x1005;

  private static final int OK = 0;
  private static final int NOT_SUPPORTED = 2;
  private static final int NO_SUCH_DEVICE = 3;
  private static final int INVALID = 4;
  private static final int IO_ERROR = 5;

  private static final int ROOM = 64;
  private static final long START = 1_000_000;
  private static final int F_ALARM = 1;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final ManualClock utc = new ManualClock(ClockType.UTC_SMEARED, START);
  private final ManualClock tai = new ManualClock(ClockType.TAI, 37 * START);
  private final RtcDevice device = new RtcDevice("clock", List.of(utc, tai), true);

  /** The clocks of the notes that have come, in their order. */
  private final List<Integer> notes = new ArrayList<>();

  private InProcessGuest guest;
  private GuestQueue requests;
  private GuestQueue alarms;

  @BeforeEach
  void boot() throws Exception {
    guest = InProcessGuest.create(vertx, device, 1 << 21);
    startQueues();
  }

  private void startQueues() throws Exception {
    requests = guest.queue(0, 0, 1 << 20, 16, 0);
    alarms = guest.queue(1, 1 << 20, 1 << 20, 16, 0);
    alarms.onReturned(
        buffer -> {
          if (buffer.length() != 0) {
            assertThat(buffer.length()).isEqualTo(16);
            assertThat(longs(buffer, 0)).isEqualTo(0x2000);
            notes.add((int) longs(buffer, 8));
          }
        });
    Guest.await(requests.start());
    Guest.await(alarms.start());
  }

  @AfterEach
  void close() throws Exception {
    guest.close();
    for (ManualClock clock : List.of(utc, tai)) {
      assertThat(clock.timers).isEmpty();
      assertThat(clock.vain).isZero();
    }
    Guest.await(vertx.close());
  }

  private static long longs(Returned reply, int offset) {
    return ByteBuffer.wrap(reply.writable()).order(ByteOrder.LITTLE_ENDIAN).getLong(offset);
  }

  private static byte[] bytes(long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(words).forEach(bytes::putLong);
    return bytes.array();
  }

  private Returned reply(long... words) throws Exception {
    Returned reply = requests.request(bytes(words), ROOM);
    assertThat(longs(reply, 0) >>> 8).as("reserved").isZero();
    return reply;
  }

  private static int status(Returned reply) {
    return reply.writable()[0];
  }

  private int status(long... words) throws Exception {
    Returned reply = reply(words);
    if (status(reply) != OK) {
      assertThat(reply.length()).isEqualTo(8);
    }
    return status(reply);
  }

  /** A reply of one le64. */
  private long answer(long... words) throws Exception {
    Returned reply = reply(words);
    assertThat(status(reply)).isEqualTo(OK);
    assertThat(reply.length()).isEqualTo(16);
    return longs(reply, 8);
  }

  private void setAlarm(int clock, long nanos) throws Exception {
    assertThat(status(SET_ALARM, nanos, clock | 1 << 16)).isEqualTo(OK);
  }

  private void enableAlarm(int clock, boolean enabled) throws Exception {
    assertThat(status(SET_ALARM_ENABLED, clock | (enabled ? 1 << 16 : 0))).isEqualTo(OK);
  }

  /** Gives the device so many buffers for notes. */
  private void post(int count) {
    for (int i = 0; i < count; i++) {
      alarms.add(new byte[0], 16, 16);
    }
    alarms.kick();
  }

  /** What the device had still to say has been said. */
  private List<Integer> notes() {
    guest.run(() -> {});
    guest.run(() -> {});
    return List.copyOf(notes);
  }

  private void on(Runnable action) {
    guest.run(action);
  }

  // Reading

  @Test
  void clocksAndTheirTypesAreTold() throws Exception {
    assertClocksAreTold();
  }

  private void assertClocksAreTold() throws Exception {
    assertThat(answer(CFG)).isEqualTo(2);
    assertThat(answer(CLOCK_CAP, 0)).isEqualTo(3 | 1 << 16);
    assertThat(answer(CLOCK_CAP, 1)).isEqualTo(1 | 1 << 16);
  }

  @Test
  void t6WhatIsToldStaysSoAfterAReset() throws Exception {
    assertClocksAreTold();
    reset();
    assertClocksAreTold();
  }

  @Test
  void eachClockIsReadToTheNanosecond() throws Exception {
    assertThat(answer(READ, 0)).isEqualTo(START);
    assertThat(answer(READ, 1)).isEqualTo(37 * START);
    on(() -> utc.set(Long.MAX_VALUE));
    assertThat(answer(READ, 0)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void t5ReadsOfAClockAreAnsweredInTheirOrder() {
    on(() -> utc.perReading = 1);
    List<Long> readings = new ArrayList<>();
    List<Integer> heads = new ArrayList<>();
    List<Integer> added = new ArrayList<>();
    requests.onReturned(
        buffer -> {
          heads.add(buffer.head());
          readings.add(longs(buffer, 8));
        });
    for (int i = 0; i < 5; i++) {
      added.add(requests.add(bytes(READ, 0), 16, 16));
    }
    requests.kick();
    on(() -> {});
    assertThat(heads).isEqualTo(added);
    assertThat(readings).isSorted().doesNotHaveDuplicates().hasSize(5);
  }

  // Requests that are not as they must be

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 0x0fff, 0x1006, 0x2000, 0xffff})
  void t1ARequestThatIsUnknownIsNotSupported(int type) throws Exception {
    assertThat(status(type, 0)).isEqualTo(NOT_SUPPORTED);
    assertThat(status(new long[] {type})).isEqualTo(NOT_SUPPORTED);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 0x7f, 0xf0, 0xff})
  void t1ACounterThatIsUnknownIsNotSupported(int counter) throws Exception {
    assertThat(status(CROSS_CAP, counter << 16)).isEqualTo(NOT_SUPPORTED);
    assertThat(status(READ_CROSS, counter << 16)).isEqualTo(NOT_SUPPORTED);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void t11NoCounterOfAGuestIsKnown(int counter) throws Exception {
    assertThat(answer(CROSS_CAP, counter << 16)).isZero();
    assertThat(status(READ_CROSS, counter << 16)).isEqualTo(NOT_SUPPORTED);
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "0x1001", "0x1002", "0x1003", "0x1005"})
  void t2ThereIsNoSuchClock(String type) throws Exception {
    assertThat(status(Integer.decode(type), 2)).isEqualTo(NO_SUCH_DEVICE);
    assertThat(status(Integer.decode(type), 0xffff)).isEqualTo(NO_SUCH_DEVICE);
  }

  @Test
  void t2NoClockHasAnAlarmUnlessThatWasNegotiated() throws Exception {
    guest.acknowledge(guest.offered() & ~F_ALARM);
    assertThat(status(SET_ALARM, 0, 2)).isEqualTo(NO_SUCH_DEVICE);
    assertThat(status(SET_ALARM, 0, 1 << 16)).isEqualTo(NO_SUCH_DEVICE);
    assertThat(status(SET_ALARM_ENABLED, 1 << 16)).isEqualTo(NO_SUCH_DEVICE);
    assertThat(status(READ_ALARM, 0)).isEqualTo(NO_SUCH_DEVICE);
    assertThat(answer(CLOCK_CAP, 0)).isEqualTo(3);
    assertThat(answer(READ, 0)).isEqualTo(START);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 16, 16", "2, 16, 24", "0x1000, 8, 16", "0x1001, 16, 16",
    "0x1002, 16, 16", "0x1003, 16, 24", "0x1004, 24, 8", "0x1005, 16, 8"
  })
  void t3WhatDoesNotFitIsInvalid(String type, int requestBytes, int replyBytes) throws Exception {
    byte[] whole = Arrays.copyOf(bytes(Integer.decode(type)), requestBytes);
    for (int length = 0; length < requestBytes; length++) {
      Returned reply = requests.request(Arrays.copyOf(whole, length), ROOM);
      assertThat(status(reply)).as("%d bytes", length).isEqualTo(INVALID);
      assertThat(reply.length()).isEqualTo(8);
    }
    for (int room = 1; room < replyBytes; room++) {
      Returned reply = requests.request(whole, room);
      assertThat(status(reply)).as("room for %d", room).isEqualTo(INVALID);
      assertThat(reply.length()).isEqualTo(Math.min(room, 8));
    }
    Returned reply = requests.request(whole, replyBytes);
    assertThat(status(reply)).isEqualTo(type.equals("2") ? NOT_SUPPORTED : OK);
    assertThat(requests.request(whole, 0).length()).isZero();
  }

  @Test
  void t4WhatIsTooMuchIsIgnored() throws Exception {
    Returned reply = requests.request(bytes(READ, 1, -1, -1, -1), 1000);
    assertThat(status(reply)).isEqualTo(OK);
    assertThat(reply.length()).isEqualTo(16);
    assertThat(longs(reply, 8)).isEqualTo(37 * START);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0x10000",
    "0x1001, 0x10000",
    "0x1002, 0x1000000",
    "0x1003, 0x10000",
    "0x1005, 0x20000",
    "0x1005, 0x1000000",
    "0x1005, 0x4000000000000000"
  })
  void t4ReservedBytesAndBitsMustBeZero(String type, String word) throws Exception {
    int code = Integer.decode(type);
    assertThat(status(code, 0)).isEqualTo(OK);
    assertThat(status(code, Long.decode(word))).isEqualTo(INVALID);
    assertThat(status(code | 1 << 16, 0)).isEqualTo(INVALID);
    assertThat(status(code | Long.MIN_VALUE, 0)).isEqualTo(INVALID);
  }

  // Alarms

  @Test
  void anAlarmIsToldAsItWasSet() throws Exception {
    Returned initial = reply(READ_ALARM, 0);
    assertThat(initial.length()).isEqualTo(24);
    assertThat(longs(initial, 8)).isZero();
    assertThat(longs(initial, 16)).isZero();
    setAlarm(0, 7 * START);
    assertThat(longs(reply(READ_ALARM, 0), 8)).isEqualTo(7 * START);
    assertThat(longs(reply(READ_ALARM, 0), 16)).isEqualTo(1);
    enableAlarm(0, false);
    assertThat(longs(reply(READ_ALARM, 0), 8)).as("is kept").isEqualTo(7 * START);
    assertThat(longs(reply(READ_ALARM, 0), 16)).isZero();
    assertThat(longs(reply(READ_ALARM, 1), 8)).as("of the other clock").isZero();
  }

  @Test
  void t7AnAlarmExpiresWhenItsClockReachesIt() throws Exception {
    post(3);
    setAlarm(0, START + 100);
    setAlarm(1, 37 * START + 50);
    on(() -> utc.pass(99));
    assertThat(notes()).isEmpty();
    on(() -> tai.pass(60));
    assertThat(notes()).containsExactly(1);
    on(() -> utc.pass(1));
    assertThat(notes()).containsExactly(1, 0);
    on(() -> utc.pass(1000));
    assertThat(notes()).containsExactly(1, 0);
    assertThat(device.expirations()).isEqualTo(2);
    assertThat(alarms.inFlight()).isEqualTo(1);
  }

  @Test
  void t7AStepOverItsTimeIsEnough() throws Exception {
    post(2);
    setAlarm(0, START + 100);
    on(() -> utc.set(START + 1_000_000));
    assertThat(notes()).containsExactly(0);
    on(() -> utc.set(START + 2_000_000));
    assertThat(notes()).containsExactly(0);
  }

  @Test
  void t7AClockThatIsSetBackComesToItsAlarmAgain() throws Exception {
    post(3);
    setAlarm(0, START + 100);
    on(() -> utc.pass(100));
    on(() -> utc.set(START));
    assertThat(notes()).containsExactly(0);
    on(() -> utc.pass(100));
    assertThat(notes()).containsExactly(0, 0);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, START - 1, START})
  void t7AnAlarmInThePastExpiresAtOnce(long time) throws Exception {
    post(3);
    setAlarm(0, time);
    assertThat(notes()).containsExactly(0);
    enableAlarm(0, false);
    enableAlarm(0, true);
    assertThat(notes()).containsExactly(0, 0);
    setAlarm(0, time);
    assertThat(notes()).containsExactly(0, 0, 0);
  }

  @Test
  void t7AnAlarmThatIsOffDoesNotExpire() throws Exception {
    post(1);
    assertThat(status(SET_ALARM, START + 100, 0)).isEqualTo(OK);
    on(() -> utc.pass(1000));
    assertThat(notes()).isEmpty();
    setAlarm(0, START + 2000);
    enableAlarm(0, false);
    assertThat(utc.timers).noneMatch(ManualClock.ManualTimer::isArmed);
    on(() -> utc.set(START + 3000));
    assertThat(notes()).isEmpty();
  }

  @Test
  void t7ThereIsOneNoteForAnExpiryAsSoonAsThereIsABuffer() throws Exception {
    setAlarm(0, START);
    setAlarm(1, 0);
    on(() -> utc.pass(1000));
    assertThat(notes()).isEmpty();
    post(4);
    assertThat(notes()).containsExactly(0, 1);
    assertThat(alarms.inFlight()).isEqualTo(2);
  }

  @Test
  void t7NoNoteIsLeftWhenTheAlarmIsOff() throws Exception {
    setAlarm(0, START);
    enableAlarm(0, false);
    setAlarm(1, 0);
    setAlarm(1, Long.MAX_VALUE);
    post(2);
    assertThat(notes()).isEmpty();
  }

  @Test
  void aNoteOfATimeThatIsToComeAgainIsNotSent() throws Exception {
    setAlarm(0, START + 100);
    on(() -> utc.pass(100));
    on(() -> utc.set(START));
    post(2);
    assertThat(notes()).isEmpty();
    on(() -> utc.pass(100));
    assertThat(notes()).containsExactly(0);
  }

  @Test
  void aBufferThatIsTooSmallGoesBackAndTheNextHasTheNote() throws Exception {
    alarms.add(new byte[0], 15, 15);
    alarms.add(new byte[3], 0, 3);
    alarms.kick();
    setAlarm(0, START);
    assertThat(notes()).isEmpty();
    assertThat(alarms.inFlight()).isZero();
    post(1);
    assertThat(notes()).containsExactly(0);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, Long.MIN_VALUE, -1})
  void t8NoTimeIsTooLate(long time) throws Exception {
    post(1);
    setAlarm(0, time);
    assertThat(longs(reply(READ_ALARM, 0), 8)).isEqualTo(time);
    on(() -> utc.set(Long.MAX_VALUE - 1));
    assertThat(notes()).isEmpty();
  }

  private void reset() throws Exception {
    Guest.await(guest.reset());
    beginAnew();
  }

  private void beginAnew() throws Exception {
    for (GuestQueue queue : List.of(requests, alarms)) {
      queue.beginAnew();
      Guest.await(queue.start());
    }
  }

  /** A Linux that wakes up resets the device, and counts on its alarm. */
  @Test
  void t9AnAlarmOutlastsAReset() throws Exception {
    setAlarm(0, START + 100);
    assertThat(status(SET_ALARM, START, 1)).as("of the other clock, off").isEqualTo(OK);
    reset();
    assertThat(longs(reply(READ_ALARM, 0), 8)).isEqualTo(START + 100);
    assertThat(longs(reply(READ_ALARM, 0), 16)).isEqualTo(1);
    assertThat(longs(reply(READ_ALARM, 1), 8)).isEqualTo(START);
    assertThat(longs(reply(READ_ALARM, 1), 16)).isZero();
    post(2);
    assertThat(notes()).isEmpty();
    on(() -> utc.pass(100));
    assertThat(notes()).containsExactly(0);
  }

  @Test
  void t9WhatExpiresBeforeAResetIsToldAfterIt() throws Exception {
    setAlarm(0, START + 100);
    Guest.await(guest.reset());
    on(() -> utc.pass(100));
    beginAnew();
    post(2);
    assertThat(notes()).containsExactly(0);
  }

  @Test
  void t9AResetIsAnotherExpiryOfATimeThatHasPassed_UnlessTheAlarmIsOff() throws Exception {
    post(1);
    setAlarm(0, START);
    assertThat(notes()).containsExactly(0);
    reset();
    post(2);
    assertThat(notes()).containsExactly(0, 0);
    enableAlarm(0, false);
    reset();
    post(2);
    assertThat(notes()).containsExactly(0, 0);
  }

  @Test
  void t9ADriverWithoutAlarmsHearsOfNone() throws Exception {
    setAlarm(0, START);
    Guest.await(guest.reset());
    guest.acknowledge(guest.offered() & ~F_ALARM);
    beginAnew();
    post(1);
    assertThat(notes()).isEmpty();
  }

  @Test
  void t10NoNoteIsEarly() throws Exception {
    post(1);
    setAlarm(0, START + 100);
    on(utc::callEarly);
    assertThat(notes()).isEmpty();
    on(() -> utc.pass(100));
    assertThat(notes()).containsExactly(0);
    assertThat(answer(READ, 0)).isGreaterThanOrEqualTo(START + 100);
  }

  @Test
  void whatExpiresWhileTheGuestIsPausedIsToldWhenItGoesOn_F8() throws Exception {
    post(2);
    setAlarm(0, START + 100);
    for (GuestQueue queue : List.of(requests, alarms)) {
      Guest.await(queue.stop());
    }
    on(() -> utc.pass(100));
    assertThat(notes()).isEmpty();
    for (GuestQueue queue : List.of(requests, alarms)) {
      Guest.await(queue.start());
    }
    assertThat(notes()).containsExactly(0);
    assertThat(alarms.inFlight()).isEqualTo(1);
  }

  @Test
  void withoutATimerTheDriverHearsOfAnError() throws Exception {
    on(() -> utc.hasNoTimers = true);
    assertThat(status(SET_ALARM, START + 1, 1 << 16)).isEqualTo(IO_ERROR);
    assertThat(longs(reply(READ_ALARM, 0), 16)).as("enabled").isZero();
    on(() -> utc.hasNoTimers = false);
    post(1);
    setAlarm(0, START);
    assertThat(notes()).containsExactly(0);
  }

  @Test
  void theNextGuestFindsNoAlarm() throws Exception {
    setAlarm(0, START);
    Guest.await(guest.disconnect());
    assertThat(utc.timers).isEmpty();
    on(() -> utc.pass(1));
    guest.connect();
    startQueues();
    post(1);
    assertThat(notes()).isEmpty();
    setAlarm(0, START);
    assertThat(notes()).containsExactly(0);
  }

  @Test
  void alarmsCanBeLeftOut() {
    assertThat(guest.offered() & F_ALARM).isEqualTo(F_ALARM);
    assertThat(guest.offered() & VirtioFeature.VERSION_1).isNotZero();
    assertThat(new RtcDevice("plain", List.of(utc), false).features()).isZero();
    assertThat(new RtcDevice("plain", List.of(utc), false).queueCount()).isEqualTo(2);
  }

  @Test
  void aDeviceWithoutAClockIsNone() {
    assertThatThrownBy(() -> new RtcDevice("none", List.of(), true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no clock: Linux does not take such a device");
  }
}
