package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_KEY;
import static io.vhost4j.device.input.Codes.EV_LED;
import static io.vhost4j.device.input.Codes.EV_MSC;
import static io.vhost4j.device.input.Codes.EV_REL;
import static io.vhost4j.device.input.Codes.EV_REP;
import static io.vhost4j.device.input.Codes.EV_SND;
import static io.vhost4j.device.input.Codes.EV_SW;
import static io.vhost4j.device.input.Codes.EV_SYN;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The device through the engine, with a host that does what the test says. */
class InputDeviceTest {
  private static final long BYTES = 1 << 20;

  private final Vertx vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final List<String> got = new ArrayList<>();
  private ScriptedHost host = new ScriptedHost(ScriptedHost.everything(true));
  private InputDevice device = new InputDevice("keys", host);
  private InProcessGuest guest;
  private GuestQueue events;
  private GuestQueue status;

  @BeforeEach
  void connect() throws Exception {
    guest = InProcessGuest.create(vertx, device, 2 * BYTES);
    events = guest.queue(0, 0, BYTES, 4, 0); // as many entries as QEMU gives it
    events.onReturned(this::take);
    InProcessGuest.await(events.start());
    status = guest.queue(1, BYTES, BYTES, 4, 0);
    InProcessGuest.await(status.start());
  }

  @AfterEach
  void close() throws Exception {
    guest.close();
    InProcessGuest.await(vertx.close());
  }

  private void take(Returned buffer) {
    ByteBuffer bytes = ByteBuffer.wrap(buffer.writable()).order(ByteOrder.LITTLE_ENDIAN);
    got.add(
        buffer.length() != 8
            ? "length " + buffer.length()
            : bytes.getShort() + " " + bytes.getShort() + " " + bytes.getInt());
  }

  /** Types, codes and values; then the device's side has had its turn. */
  private void emit(int... numbers) {
    guest.run(
        () -> {
          EventFrames frames = Objects.requireNonNull(host.frames);
          for (int i = 0; i < numbers.length; i += 3) {
            frames.event(numbers[i], numbers[i + 1], numbers[i + 2]);
          }
          frames.deliver();
        });
    guest.run(() -> {});
  }

  private void give(int buffers) {
    for (int i = 0; i < buffers; i++) {
      int unused = events.add(new byte[0], 8, 8);
    }
    events.kick();
  }

  /** Gives buffers until so many events have come, however slow the device's loop is. */
  private void giveUntil(int count) throws InterruptedException {
    for (int i = 0; i < 10_000 && got.size() < count; i++) {
      guest.run(() -> {}); // whose end shows what the loop has added
      if (events.inFlight() == 0) {
        give(4);
      } else {
        Thread.sleep(1);
      }
    }
    assertThat(got).hasSizeGreaterThanOrEqualTo(count);
  }

  @Test
  void n4_aFrameGoesOutWhenItIsComplete() {
    give(4);
    emit(EV_KEY, 30, 1, EV_MSC, 4, 0x7001e);
    assertThat(got).isEmpty();
    emit(EV_SYN, 0, 0);
    assertThat(got).containsExactly("1 30 1", "4 4 " + 0x7001e, "0 0 0");
    emit(EV_KEY, 30, 0);
    assertThat(got).hasSize(3);
  }

  @Test
  void n5_aFrameThatIsLongerThanTheRingGoesOutBitByBitWithNothingInBetween() {
    List<String> wanted = new ArrayList<>();
    int[] numbers = new int[3 * 12];
    for (int i = 0; i < 12; i++) {
      boolean end = i % 6 == 5;
      numbers[3 * i] = end ? EV_SYN : EV_KEY;
      numbers[3 * i + 1] = end ? 0 : 100 + i;
      numbers[3 * i + 2] = end ? 0 : 1;
      wanted.add(numbers[3 * i] + " " + numbers[3 * i + 1] + " " + numbers[3 * i + 2]);
    }
    give(4);
    emit(numbers);
    assertThat(got).isEqualTo(wanted.subList(0, 4));
    give(1);
    assertThat(got).isEqualTo(wanted.subList(0, 5));
    give(4);
    emit(EV_KEY, 1, 1, EV_SYN, 0, 0);
    give(4);
    wanted.addAll(List.of("1 1 1", "0 0 0"));
    assertThat(got).isEqualTo(wanted.subList(0, 13));
    give(1);
    assertThat(got).isEqualTo(wanted);
  }

  /** A device that goes, or has lost events, has the driver told something: behind the frame. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void n5_nothingCutsAFrameShortThatTheDriverHasAPartOf(boolean isGone) {
    give(4);
    emit(EV_KEY, 1, 1, EV_KEY, 2, 1, EV_KEY, 3, 1, EV_KEY, 4, 1, EV_KEY, 5, 1, EV_SYN, 0, 0);
    assertThat(got).containsExactly("1 1 1", "1 2 1", "1 3 1", "1 4 1");
    guest.run(
        () -> {
          EventFrames frames = Objects.requireNonNull(host.frames);
          if (isGone) {
            frames.release();
          } else {
            frames.resync(new InputState(host.description().slots()));
          }
          frames.deliver();
        });
    give(4);
    assertThat(got.subList(4, got.size())).containsExactly("1 5 1", "0 0 0", "1 1 0", "1 2 0");
    give(4);
    assertThat(got.subList(8, got.size())).containsExactly("1 3 0", "1 4 0", "1 5 0", "0 0 0");
  }

  /** 4096 events have room. */
  private void overflow(int frames) {
    guest.run(
        () -> {
          EventFrames taker = Objects.requireNonNull(host.frames);
          for (int i = 0; i < frames; i++) {
            taker.event(EV_REL, 0, i + 1);
            taker.event(EV_KEY, 30 + (i & 1), 1 - (i >> 1 & 1));
            taker.event(EV_ABS, 0, i);
            taker.event(EV_SYN, 0, 0);
          }
          taker.deliver();
        });
  }

  @Test
  void n6_whatADriverMissesAreWholeFramesAndItIsToldTheStateThen() throws Exception {
    overflow(2000); // the last one lets key 31 go, and 30 before that
    emit(EV_KEY, 200, 1, EV_SW, 1, 1, EV_SYN, 0, 0);
    emit(EV_KEY, 30, 1, EV_SYN, 0, 0);
    giveUntil(4096 + 5);
    assertThat(device.frames().dropped()).isEqualTo(2000 - 1024 + 2);
    assertThat(got.subList(0, 4)).containsExactly("2 0 1", "1 30 1", "3 0 0", "0 0 0");
    assertThat(got.subList(4092, 4096)).containsExactly("2 0 1024", "1 31 0", "3 0 1023", "0 0 0");
    assertThat(got.subList(4096, got.size()))
        .containsExactly("1 30 1", "1 200 1", "5 1 1", "3 0 1999", "0 0 0");
    emit(EV_KEY, 30, 0, EV_SYN, 0, 0);
    assertThat(got).endsWith("1 30 0", "0 0 0");
  }

  @Test
  void n6_aFrameThatNoDriverCouldTakeLeavesItsState() throws Exception {
    give(4);
    guest.run(
        () -> {
          EventFrames taker = Objects.requireNonNull(host.frames);
          for (int i = 0; i < 10_000; i++) {
            taker.event(EV_KEY, i % 2 == 0 ? 40 : i % 256, 1);
          }
          taker.event(EV_SYN, 0, 0);
          taker.deliver();
        });
    giveUntil(128 + 1 + 1);
    assertThat(got).startsWith("1 1 1", "1 3 1").endsWith("0 0 0").hasSize(128 + 1 + 1);
    assertThat(got).contains("1 40 1").doesNotHaveDuplicates();
  }

  @Test
  void n7_lightsAndSoundsReachTheHostAndTheirBuffersComeBackEmpty() throws Exception {
    assertThat(status.request(event(EV_LED, 1, 1), 0).length()).isZero();
    assertThat(status.request(event(EV_SND, 2, 440), 0).length()).isZero();
    assertThat(status.request(event(EV_LED, 15, 1), 0).length()).as("no such light").isZero();
    assertThat(status.request(event(EV_MSC, 4, 1), 0).length()).as("Linux' echo").isZero();
    assertThat(status.request(event(EV_REP, 0, 250), 0).length()).isZero();
    assertThat(status.request(new byte[7], 0).length()).as("too short").isZero();
    assertThat(status.request(new byte[0], 8).length()).as("nothing to read").isZero();
    assertThat(status.request(event(EV_LED, 0, 0), 8).length()).as("room for nothing").isZero();
    assertThat(host.calls)
        .containsExactly("start", "output 17 1 1", "output 18 2 440", "output 17 0 0");
  }

  private static byte[] event(int type, int code, int value) {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) type)
        .putShort((short) code)
        .putInt(value)
        .array();
  }

  @Test
  void n8_aBufferThatHasNoRoomComesBackAndTakesNoEvent() {
    int unused = events.add(new byte[0], 7, 7);
    unused = events.add(new byte[16], 12, 3);
    events.kick();
    emit(EV_KEY, 1, 1, EV_SYN, 0, 0);
    assertThat(got).containsExactly("length 0", "1 1 1");
    give(1);
    assertThat(got).containsExactly("length 0", "1 1 1", "0 0 0");
  }

  @Test
  void whatIsNotForDriversIsLeftOut() {
    give(4);
    emit(EV_LED, 1, 1, EV_SYN, 0, 0); // or it would go round for ever
    emit(EV_KEY, 30, 2, EV_SYN, 0, 1); // the driver repeats by itself
    emit(EV_REL, 9, 1, 0x15, 0x50, 1, EV_SYN, 0, 0); // the device has no such codes
    assertThat(got).isEmpty();
    emit(EV_LED, 1, 0, EV_REL, 1, -1, EV_SYN, 2, 0, EV_SYN, 0, 0);
    assertThat(got).containsExactly("2 1 -1", "0 2 0", "0 0 0");
  }

  @Test
  void aPauseLosesNothingAndARestartForgetsAll() throws Exception {
    emit(EV_KEY, 30, 1, EV_SYN, 0, 0);
    give(1);
    InProcessGuest.await(events.stop());
    assertThat(got).containsExactly("1 30 1");
    InProcessGuest.await(events.start());
    give(1);
    assertThat(got).containsExactly("1 30 1", "0 0 0");
    emit(EV_KEY, 30, 0, EV_SYN, 0, 0);
    InProcessGuest.await(events.stop());
    InProcessGuest.await(status.stop());
    InProcessGuest.await(guest.reset());
    events.beginAnew();
    got.clear();
    InProcessGuest.await(events.start());
    giveUntil(1 + WHOLE_STATE.size()); // and three buffers more
    assertThat(got.get(0)).as("of which the driver has not heard").isEqualTo("1 30 0");
    assertThat(got.subList(1, got.size())).isEqualTo(WHOLE_STATE);
    assertThat(host.calls).containsExactly("start", "stop", "go on", "stop", "reset", "start");
  }

  /** Two switches, two axes, two slots without a finger, and slot 0 again. */
  private static final List<String> WHOLE_STATE =
      List.of(
          "5 0 0", "5 1 0", "3 0 0", "3 1 0", "3 47 0", "3 57 -1", "3 53 0", "3 47 1", "3 57 -1",
          "3 53 0", "3 47 0", "0 0 0");

  /** One finger on each slot, and the second was the last that moved. */
  private static final int[] TWO_FINGERS = {
    EV_ABS, 0x2f, 0, EV_ABS, 0x39, 7, EV_ABS, 0x35, 70,
    EV_ABS, 0x2f, 1, EV_ABS, 0x39, 8, EV_ABS, 0x35, 80
  };

  private void sleep() throws Exception {
    InProcessGuest.await(events.stop());
    InProcessGuest.await(status.stop());
    InProcessGuest.await(guest.reset());
    events.beginAnew();
    got.clear();
  }

  /** Linux keeps switches, axes and contacts over its sleep, and we do not know which. */
  @Test
  void n9_whatHasChangedWhileAGuestSleptIsTold() throws Exception {
    give(4);
    emit(EV_SW, 1, 1, EV_ABS, 0, 500, EV_SYN, 0, 0);
    emit(EV_ABS, 0x2f, 1, EV_ABS, 0x39, 7, EV_ABS, 0x35, 70, EV_SYN, 0, 0);
    giveUntil(3 + 4);
    sleep();
    InProcessGuest.await(events.start()); // the lid is open again, and the finger has gone
    giveUntil(WHOLE_STATE.size());
    assertThat(got).isEqualTo(WHOLE_STATE);
  }

  /**
   * Linux lets go of all keys when it falls asleep, and takes one that comes before the reset for
   * held, until it hears of its end.
   */
  @Test
  void n9_aKeyThatWasPressedLastDoesNotStick() throws Exception {
    give(4);
    emit(EV_KEY, 30, 1, EV_SYN, 0, 0, EV_KEY, 31, 1, EV_SYN, 0, 0);
    emit(EV_KEY, 32, 1, EV_SYN, 0, 0, EV_KEY, 32, 0, EV_SYN, 0, 0); // the driver has none of it
    assertThat(got).containsExactly("1 30 1", "0 0 0", "1 31 1", "0 0 0");
    sleep();
    host.beginning = new int[] {EV_KEY, 31, 1};
    InProcessGuest.await(events.start());
    giveUntil(1 + WHOLE_STATE.size());
    assertThat(got.get(0)).isEqualTo("1 30 0");
    assertThat(got.subList(1, got.size())).isEqualTo(WHOLE_STATE);
    emit(EV_KEY, 31, 0, EV_SYN, 0, 0);
    giveUntil(1 + WHOLE_STATE.size() + 2);
    assertThat(got).endsWith("1 31 0", "0 0 0");
  }

  @Test
  void n9_aFingerThatStaysIsNotTold_ButWhereItIsAndWhichOneIsSpokenOf() throws Exception {
    sleep();
    host.beginning = TWO_FINGERS;
    InProcessGuest.await(events.start());
    giveUntil(4 + 4 + 1);
    assertThat(got)
        .containsExactly(
            "5 0 0", "5 1 0", "3 0 0", "3 1 0", "3 47 0", "3 53 70", "3 47 1", "3 53 80", "0 0 0");
  }

  /** The host tells the next contact's axes only as far as they differ from the last one's. */
  @Test
  void theFirstDriverIsToldWhatItCannotKnow() throws Exception {
    guest.close();
    host = new ScriptedHost(ScriptedHost.everything(true));
    host.beginning = TWO_FINGERS;
    device = new InputDevice("keys", host);
    connect();
    giveUntil(4 + 1);
    assertThat(got).containsExactly("3 47 0", "3 53 70", "3 47 1", "3 53 80", "0 0 0");
    emit(EV_ABS, 0x39, -1, EV_SYN, 0, 0, EV_ABS, 0x39, 9, EV_SYN, 0, 0);
    giveUntil(4 + 1 + 4);
    assertThat(got).endsWith("3 57 -1", "0 0 0", "3 57 9", "0 0 0");
  }
}
