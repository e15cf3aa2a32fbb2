package io.vhost4j.device.gpio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vhost4j.device.DeviceControl;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.event.NativeTransport;
import io.vhost4j.testkit.GuestQueue;
import io.vhost4j.testkit.InProcessGuest;
import io.vhost4j.testkit.Returned;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GpioDeviceTest {
  private static final int NAMES = 1;
  private static final int GET_DIRECTION = 2;
  private static final int SET_DIRECTION = 3;
  private static final int GET = 4;
  private static final int SET = 5;
  private static final int IRQ_TYPE = 6;
  private static final int NONE = 0;
  private static final int OUT = 1;
  private static final int IN = 2;
  private static final int RISING = 1;
  private static final int FALLING = 2;
  private static final int BOTH = 3;
  private static final int HIGH = 4;
  private static final int LOW = 8;
  private static final byte[] OK = {0, 0};
  private static final byte[] ERR = {1, 0};
  private static final long QUEUE_BYTES = 1 << 20;

  private final SimulatedChip chip =
      new SimulatedChip(List.of("led", "", "button", "button", "f\u00fc\tnf"));
  private final LinkedBlockingQueue<Returned> events = new LinkedBlockingQueue<>();
  private final List<String> told = new ArrayList<>();
  private Vertx vertx;
  private GpioDevice device;
  private InProcessGuest guest;
  private GuestQueue requests;
  private GuestQueue eventQueue;

  @BeforeEach
  void connect() throws Exception {
    vertx = NativeTransport.vertx(new VertxOptions().setEventLoopPoolSize(1));
    device = new GpioDevice("gpio", new GpioPort(chip));
    guest = InProcessGuest.create(vertx, device, 2 * QUEUE_BYTES);
    requests = guest.queue(0, 0, QUEUE_BYTES, 16, 0);
    eventQueue = guest.queue(1, QUEUE_BYTES, QUEUE_BYTES, 16, 0);
    eventQueue.onReturned(events::add);
    start();
  }

  private void start() throws Exception {
    InProcessGuest.await(requests.start());
    InProcessGuest.await(eventQueue.start());
  }

  @AfterEach
  void close() throws Exception {
    assertThat(guest.disconnects()).as("the device did not fail").isEmpty();
    guest.close();
    InProcessGuest.await(vertx.close());
  }

  private byte[] ask(int type, int line, int value) throws Exception {
    Returned reply = requests.request(GpioMessages.request(type, line, value), 2);
    assertThat(reply.length()).isEqualTo(2);
    return reply.writable();
  }

  private void obeyed(int type, int line, int value) throws Exception {
    assertThat(ask(type, line, value)).isEqualTo(OK);
  }

  private int level(int line) throws Exception {
    byte[] reply = ask(GET, line, 0);
    assertThat(reply[0]).isZero();
    return reply[1];
  }

  /** A command by hand. */
  private List<String> hand(String line) throws Exception {
    return guest.call(() -> chip.obey(List.of(line.split(" "))));
  }

  private int arm(int line) {
    int head = eventQueue.add(GpioMessages.line(line), 1, Integer.MAX_VALUE);
    eventQueue.kick();
    return head;
  }

  private void assertHeld() throws Exception {
    for (int i = 0; i < 3; i++) { // what is to come comes with the loop's turns
      guest.run(() -> {});
    }
    assertThat(events).isEmpty();
  }

  private void assertReturned(int head, int status) throws Exception {
    Returned event = events.poll(20, TimeUnit.SECONDS);
    assertThat(event).isNotNull();
    assertThat(event.head()).isEqualTo(head);
    assertThat(event.length()).isEqualTo(1);
    assertThat(event.writable()).containsExactly(status);
  }

  // What it says of itself

  @Test
  void namesAreUniqueAsciiWithANulBehindEach_G1() throws Exception {
    byte[] names = "led\0\0button\0\0f??nf\0".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    ByteBuffer config = ByteBuffer.wrap(guest.readConfig(0, 8)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(config.getShort(0)).isEqualTo((short) 5);
    assertThat(config.getInt(4)).isEqualTo(names.length);
    Returned reply = requests.request(GpioMessages.request(NAMES, 0, 0), 1 + names.length + 10);
    assertThat(reply.length()).isEqualTo(1 + names.length);
    assertThat(reply.writable()).startsWith(0).containsSequence(names);
    reply = requests.request(GpioMessages.request(NAMES, 0, 0), names.length);
    assertThat(reply.length()).isEqualTo(2);
    assertThat(reply.writable()).startsWith(ERR);
  }

  @Test
  void requestsThatComeTogetherAreAnsweredInOrder_G2() throws Exception {
    List<Integer> heads = new ArrayList<>();
    List<Integer> answered = new ArrayList<>();
    requests.onReturned(returned -> answered.add(returned.head()));
    for (int type : new int[] {SET, SET_DIRECTION, GET, SET}) {
      heads.add(requests.add(GpioMessages.request(type, 0, 1), 2, Integer.MAX_VALUE));
    }
    requests.kick();
    for (int i = 0; i < 1000 && answered.size() < heads.size(); i++) {
      guest.run(() -> {});
      requests.collect();
    }
    assertThat(answered).isEqualTo(heads);
    assertThat(level(0)).isEqualTo(1);
  }

  // Lines

  @Test
  void aValueSetBeforeTheDirectionIsDrivenFromTheFirstMoment_G3() throws Exception {
    guest.run(() -> chip.watch(told::add));
    assertThat(ask(GET_DIRECTION, 0, 0)).containsExactly(0, NONE);
    obeyed(SET, 0, 1);
    obeyed(SET_DIRECTION, 0, OUT);
    assertThat(told).containsExactly("0 led out 1");
    assertThat(ask(GET_DIRECTION, 0, 0)).containsExactly(0, OUT);
    assertThat(level(0)).isEqualTo(1);
    obeyed(SET, 0, 0);
    assertThat(told).containsExactly("0 led out 1", "0 led out 0");
  }

  @Test
  void anInputHasTheLevelFromOutside() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    assertThat(level(2)).isZero();
    assertThat(hand("set 2 1")).isEmpty();
    assertThat(level(2)).isEqualTo(1);
    assertThat(hand("get button")).containsExactly("2 button in 1");
  }

  @Test
  void aLineWithoutDirectionCanBeRead() throws Exception {
    assertThat(hand("set 1 1")).isEmpty();
    assertThat(level(1)).isEqualTo(1);
    assertThat(ask(GET_DIRECTION, 1, 0)).containsExactly(0, NONE);
  }

  @Test
  void directionNoneForgetsTheLine_G4() throws Exception {
    obeyed(SET, 0, 1);
    obeyed(SET_DIRECTION, 0, OUT);
    obeyed(SET_DIRECTION, 0, NONE);
    assertThat(hand("get 0")).containsExactly("0 led none 0");
    obeyed(SET_DIRECTION, 0, OUT);
    assertThat(level(0)).isZero();
  }

  @Test
  void directionNoneEndsTheInterruptToo_G4() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, BOTH);
    int head = arm(2);
    obeyed(SET_DIRECTION, 2, NONE);
    assertReturned(head, 0);
    assertReturned(arm(2), 0);
  }

  @ParameterizedTest
  @CsvSource({
    "2, 5, 0",
    "4, 5, 0",
    "4, 65535, 0",
    "3, 0, 3",
    "3, 0, -1",
    "5, 0, 2",
    "5, 0, -1",
    "0, 0, 0",
    "7, 0, 0",
    "6, 0, 5",
    "6, 0, 12",
    "6, 5, 1",
  })
  void whatCannotBeIsAnErrorOfTwoBytes_G8_G10(int type, int line, int value) throws Exception {
    assertThat(ask(type, line, value)).isEqualTo(ERR);
  }

  @Test
  void anOutputHasNoInterruptAndALineWithOneIsNoOutput_G8() throws Exception {
    obeyed(SET_DIRECTION, 0, OUT);
    assertThat(ask(IRQ_TYPE, 0, RISING)).isEqualTo(ERR);
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, RISING);
    assertThat(ask(SET_DIRECTION, 2, OUT)).isEqualTo(ERR);
    obeyed(IRQ_TYPE, 2, NONE);
    obeyed(SET_DIRECTION, 2, OUT);
  }

  /** Linux' irq_set_type() of a line that interrupts says no "none" before, and has its buffer. */
  @Test
  void anotherTypeTakesThePlaceOfTheOneThatWas_G8() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, RISING);
    int head = arm(2);
    obeyed(IRQ_TYPE, 2, FALLING);
    assertThat(hand("get 2")).containsExactly("2 button in 0 edges=falling");
    hand("set 2 1");
    assertHeld();
    hand("set 2 0");
    assertReturned(head, 1);
    hand("set 2 1");
    hand("set 2 0"); // is kept, but not for another type
    obeyed(IRQ_TYPE, 2, RISING);
    head = arm(2);
    assertHeld();
    obeyed(IRQ_TYPE, 2, HIGH);
    assertHeld();
    hand("set 2 1");
    assertReturned(head, 1);
    head = arm(2);
    assertReturned(head, 1);
    hand("set 2 0");
    head = arm(2);
    assertHeld();
    obeyed(IRQ_TYPE, 2, LOW);
    assertReturned(head, 1);
  }

  /** The edge comes when the chip has been told of the new type, and the device has not. */
  @Test
  void aLevelTakesThePlaceOfAnEdgeThatWasNotToldYet_G8() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, RISING);
    int head = arm(2);
    guest.run(() -> chip.watch(change -> rise()));
    obeyed(IRQ_TYPE, 2, HIGH);
    assertReturned(head, 1);
  }

  private void rise() {
    chip.watch(null);
    try {
      assertThat(chip.obey(List.of("set", "2", "1"))).isEmpty();
    } catch (DeviceControl.Refused e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void withoutTheFeatureThereIsNoInterrupt_G8() throws Exception {
    guest.acknowledge(guest.offered() & ~1L);
    obeyed(SET_DIRECTION, 2, IN);
    assertThat(ask(IRQ_TYPE, 2, RISING)).isEqualTo(ERR);
  }

  // Interrupts

  @Test
  void anEdgeReturnsTheBufferOnce_G5() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, RISING);
    int head = arm(2);
    assertHeld();
    hand("set 2 1");
    assertReturned(head, 1);
    int next = arm(2);
    hand("set 2 0");
    assertHeld();
    hand("set 2 1");
    assertReturned(next, 1);
  }

  @Test
  void anEdgeWhileMaskedIsKept_G5() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, BOTH);
    hand("set 2 1");
    hand("set 2 0");
    assertReturned(arm(2), 1);
    arm(2);
    assertHeld();
  }

  @ParameterizedTest
  @CsvSource({HIGH + ", 1", LOW + ", 0"})
  void aLevelFiresAsLongAsItLastsAndIsNotKept_G5(int type, int active) throws Exception {
    hand("set 2 " + (1 - active));
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, type);
    int head = arm(2);
    assertHeld();
    hand("set 2 " + active);
    assertReturned(head, 1);
    assertReturned(arm(2), 1);
    hand("set 2 " + (1 - active));
    hand("set 2 " + active);
    hand("set 2 " + (1 - active));
    arm(2);
    assertHeld();
  }

  @Test
  void typeNoneDropsWhatWasKeptAndReturnsTheBuffer_G6() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, RISING);
    hand("set 2 1");
    obeyed(IRQ_TYPE, 2, NONE);
    obeyed(IRQ_TYPE, 2, RISING);
    int head = arm(2);
    assertHeld();
    obeyed(IRQ_TYPE, 2, NONE);
    assertReturned(head, 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 5, 65535})
  void aBufferForALineThatDoesNotInterruptIsInvalid_G7(int line) throws Exception {
    assertReturned(arm(line), 0);
  }

  @Test
  void theSecondBufferOfALineIsInvalid_G9() throws Exception {
    obeyed(IRQ_TYPE, 2, RISING);
    int first = arm(2);
    assertReturned(arm(2), 0);
    hand("set 2 1");
    assertReturned(first, 1);
  }

  /** Linux takes no notice of the refusal, and would ask again without end. */
  @Test
  void aRefusedTypeHoldsTheBufferUntilThereIsAnother_G8() throws Exception {
    assertThat(ask(IRQ_TYPE, 2, 5)).isEqualTo(ERR);
    int head = arm(2);
    assertHeld();
    obeyed(IRQ_TYPE, 2, NONE);
    assertReturned(head, 0);
    assertThat(ask(IRQ_TYPE, 2, 5)).isEqualTo(ERR);
    head = arm(2);
    obeyed(IRQ_TYPE, 2, LOW);
    assertReturned(head, 1);
  }

  @Test
  void aPausedGuestFindsItsInterruptsAgain_F8() throws Exception {
    obeyed(SET_DIRECTION, 2, IN);
    obeyed(IRQ_TYPE, 2, RISING);
    obeyed(IRQ_TYPE, 0, RISING);
    int head = arm(2);
    int other = arm(0);
    InProcessGuest.await(eventQueue.stop());
    InProcessGuest.await(requests.stop());
    hand("set 2 1");
    start();
    assertReturned(head, 1);
    hand("set 0 1");
    assertReturned(other, 1);
  }

  @Test
  void aResetLetsGoOfAllLines() throws Exception {
    obeyed(SET_DIRECTION, 0, OUT);
    obeyed(IRQ_TYPE, 2, BOTH);
    arm(2);
    InProcessGuest.await(guest.reset());
    assertThat(hand("lines"))
        .containsExactly(
            "0 led none 0",
            "1 - none 0",
            "2 button none 0",
            "3 button none 0",
            "4 f\u00fc\tnf none 0");
    requests.beginAnew();
    eventQueue.beginAnew();
    events.clear();
    start();
    assertThat(ask(GET_DIRECTION, 0, 0)).containsExactly(0, NONE);
    assertReturned(arm(2), 0);
  }

  @Test
  void requestsAndInterruptsAreCounted() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    device.meters(Tags.of("socket", "/x")).bindTo(registry);
    obeyed(IRQ_TYPE, 2, RISING);
    obeyed(SET, 0, 0);
    assertThat(ask(SET, 5, 0)).isEqualTo(ERR);
    int head = arm(2);
    assertReturned(arm(2), 0);
    hand("set 2 1");
    assertReturned(head, 1);
    head = arm(2);
    obeyed(IRQ_TYPE, 2, NONE);
    assertReturned(head, 0); // which is none
    assertThat(count(registry, "vhost.gpio.requests", "status", "ok")).isEqualTo(3);
    assertThat(count(registry, "vhost.gpio.requests", "status", "err")).isEqualTo(1);
    assertThat(count(registry, "vhost.gpio.interrupts")).isEqualTo(1);
  }

  private static double count(SimpleMeterRegistry registry, String name, String... tags) {
    Tags all = Tags.of("device", "gpio", "socket", "/x").and(tags);
    return registry.get(name).tags(all).functionCounter().count();
  }

  // By hand

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "set 9 1 | there is no line '9': 'lines' tells them",
        "set 0 2 | the level '2' is neither 0 nor 1",
        "set 0 | there is no command 'set 0': 'help' tells them",
        "jump | there is no command 'jump': 'help' tells them",
      })
  void whatCannotBeObeyedIsTold(String line, String message) {
    assertThatThrownBy(() -> hand(line))
        .isInstanceOf(DeviceControl.Refused.class)
        .hasMessage(message);
  }

  @Test
  void whatTheGuestDrivesWinsUntilItLetsGo() throws Exception {
    obeyed(SET_DIRECTION, 0, OUT);
    hand("set led 1");
    assertThat(hand("get 0")).containsExactly("0 led out 0");
    obeyed(SET_DIRECTION, 0, IN);
    assertThat(hand("get 0")).containsExactly("0 led in 1");
  }

  // The provider

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x | is no chip: give a number",
        "s0 | possible are 1 to 1024 simulated lines",
        "s2=a,b,c | has 3 names for 2 lines",
        "s2=a,a | 'a' is no name",
        "s2=a,1 | '1' is no name",
        "/dev/null | /dev/null is no GPIO chip",
        "/dev/gpiochip999 | there is no GPIO chip /dev/gpiochip999",
      })
  void aChipThatCannotBeIsToldOf(String chip, String message) {
    assertThatThrownBy(
            () ->
                new GpioDeviceProvider()
                    .open(new DeviceOptions("gpio", Map.of("device-list", chip))))
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining(message);
  }
}
