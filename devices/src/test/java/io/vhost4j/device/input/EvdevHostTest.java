package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_ABS;
import static io.vhost4j.device.input.Codes.EV_KEY;
import static io.vhost4j.device.input.Codes.EV_SW;
import static io.vhost4j.device.input.Codes.EV_SYN;
import static io.vhost4j.device.input.Codes.SYN_DROPPED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.LastErrorException;
import io.vhost4j.device.DeviceException;
import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import io.vhost4j.testkit.LogWatch;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device of the host, whose events come out of a pipe; UmlLoopbackInputIT has a real one. */
class EvdevHostTest {
  private static final int EVENT_SIZE = 24;
  private static final long RETRY_MILLIS = 20;

  /** What a driver is told that may have slept: no other switch, axes at 0, no contact. */
  private static final String[] WHOLE_STATE = wholeState(0);

  @TempDir Path directory;
  private Path pipe;

  private final List<String> calls = new CopyOnWriteArrayList<>();
  private volatile @Nullable String broken;
  private volatile @Nullable NativeIoException ungrabbable;
  private volatile InputDescription description = ScriptedHost.everything(false);

  /** What an opening waits for, as it may at a device that does not wake. */
  private volatile @Nullable Semaphore hanging;

  private final AtomicInteger tries = new AtomicInteger();

  /** Keys that are held when somebody asks for the state. */
  private volatile List<Integer> held = List.of();

  @BeforeEach
  void makePipe() throws Exception {
    pipe = directory.resolve("event0");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
  }

  private static String[] wholeState(int axis) {
    String[] contact = {"3 57 -1", "3 53 0"};
    return Stream.of(
            Stream.of("5 0 0", "5 1 1", "3 0 " + axis, "3 1 0", "3 47 0"),
            Stream.of(contact),
            Stream.of("3 47 1"),
            Stream.of(contact),
            Stream.of("3 47 0", "0 0 0"))
        .flatMap(each -> each)
        .toArray(String[]::new);
  }

  private final class Piped extends Evdev {
    Piped() throws NativeIoException {
      super(DeviceFile.open(pipe));
      calls.add("open");
    }

    @Override
    InputDescription describe() {
      return description;
    }

    @Override
    InputState state(InputDescription device) {
      InputState state = new InputState(device.slots());
      held.forEach(code -> state.apply(EV_KEY, code, 1));
      state.apply(EV_SW, 1, 1);
      return state;
    }

    @Override
    void grab(boolean grabbed) throws NativeIoException {
      NativeIoException refusal = ungrabbable;
      if (refusal != null) {
        throw refusal;
      }
      calls.add(grabbed ? "grab" : "let go");
    }

    @Override
    int read() throws IOException {
      if (broken != null) {
        throw new IOException(broken);
      }
      return super.read();
    }

    @Override
    void write(int type, int code, int value) {
      calls.add("%d %d %d".formatted(type, code, value));
    }

    @Override
    public void close() {
      calls.add("close");
      super.close();
    }
  }

  private Evdev opened() throws DeviceException {
    Semaphore hangs = hanging;
    if (hangs != null) {
      tries.incrementAndGet();
      hangs.acquireUninterruptibly();
    }
    try {
      return new Piped();
    } catch (NativeIoException e) {
      throw new DeviceException(e);
    }
  }

  private InputDevice device(boolean grab) throws Exception {
    return new InputDevice(
        "keys", EvdevHost.open(pipe.toString(), grab, this::opened, RETRY_MILLIS));
  }

  /** Types, codes and values. */
  private void write(int... numbers) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length / 3 * EVENT_SIZE).order(ByteOrder.nativeOrder());
    for (int i = 0; i < numbers.length; i += 3) {
      bytes.putLong(1).putLong(2);
      bytes.putShort((short) numbers[i]).putShort((short) numbers[i + 1]).putInt(numbers[i + 2]);
    }
    try (FileChannel end = FileChannel.open(pipe, StandardOpenOption.WRITE)) {
      end.write(bytes.flip());
    }
  }

  @Test
  void eventsReachTheGuestAndItsLightsTheDevice() throws Exception {
    try (Reader guest = new Reader(device(false))) {
      guest.expect("5 1 1", "0 0 0"); // how a switch is set
      write(EV_KEY, 30, 1, 0x11, 1, 1, EV_SYN, 0, 0, EV_KEY, 30, 2, EV_SYN, 0, 1);
      guest.expect("1 30 1", "0 0 0", "1 30 2", "0 0 1");
      guest.light(1, 1);
      guest.light(0, 1);
      guest.light(1, 0);
      assertThat(calls).containsExactly("open", "17 1 1", "17 0 1", "17 1 0");
      guest.reboot();
      assertThat(calls).endsWith("17 1 0", "17 0 0");
      guest.expect("1 30 0"); // which is not held any more
      guest.expect(WHOLE_STATE);
    }
    assertThat(calls).endsWith("close");
  }

  @Test
  void whatWasDroppedIsMadeUpForByTheState() throws Exception {
    try (Reader guest = new Reader(device(false))) {
      guest.expect("5 1 1", "0 0 0");
      write(EV_KEY, 30, 1, EV_KEY, 31, 1, EV_SYN, 0, 0);
      guest.expect("1 30 1", "1 31 1", "0 0 0");
      held = List.of(31, 32);
      write(EV_KEY, 50, 1, EV_SYN, SYN_DROPPED, 0, EV_KEY, 51, 1, EV_SYN, 0, 0);
      guest.expect("1 30 0", "1 32 1", "0 0 0");
      write(EV_KEY, 32, 0, EV_SYN, 0, 0);
      guest.expect("1 32 0", "0 0 0");
    }
  }

  @Test
  void eventsOfBeforeTheGuestAreNotForIt_ButThoseOfItsPauseAre() throws Exception {
    InputDevice device = device(false);
    try (Reader guest = new Reader(device)) {
      guest.expect("5 1 1", "0 0 0");
      guest.pause();
      write(EV_KEY, 30, 1, EV_SYN, 0, 0);
      guest.goOn();
      guest.expect("1 30 1", "0 0 0");
      guest.pause();
      write(EV_KEY, 30, 0, EV_SYN, 0, 0);
      guest.reboot();
      guest.expect("1 30 0"); // by the state, as the event was for nobody
      guest.expect(WHOLE_STATE);
      write(EV_KEY, 40, 1, EV_SYN, 0, 0);
      guest.expect("1 40 1", "0 0 0");
    }
  }

  @Test
  void anUnpluggedDeviceLetsItsKeysGoAndIsWaitedFor() throws Exception {
    InputDevice device = device(false);
    try (LogWatch log = new LogWatch();
        Reader guest = new Reader(device)) {
      guest.expect("5 1 1", "0 0 0");
      write(EV_KEY, 30, 1, EV_SYN, 0, 0);
      guest.expect("1 30 1", "0 0 0");
      guest.light(2, 1);
      Path away = directory.resolve("away");
      Files.move(pipe, away);
      broken = "gone";
      try (FileChannel end = FileChannel.open(away, StandardOpenOption.WRITE)) {
        end.write(ByteBuffer.allocate(EVENT_SIZE));
      }
      guest.expect("1 30 0", "0 0 0");
      assertThat(device.losses()).isEqualTo(1);
      Thread.sleep(10 * RETRY_MILLIS);
      guest.light(1, 1); // for later
      broken = null;
      Files.move(away, pipe);
      // Events that are there when it returns are its first.
      for (int i = 0; i < 1000 && log.lines().size() < 2; i++) {
        Thread.sleep(RETRY_MILLIS);
      }
      write(EV_KEY, 40, 1, EV_SYN, 0, 0);
      guest.expect("1 40 1", "0 0 0");
      assertThat(calls).containsExactly("open", "17 2 1", "close", "open", "17 1 1", "17 2 1");
      assertThat(log.lines())
          .containsExactly(
              "keys: %s (Test keys) cannot be used: gone; it is waited for".formatted(pipe),
              "keys: %s (Test keys) is back".formatted(pipe));
    }
  }

  /** Each try has a thread, of which there are few for all devices. */
  @Test
  void aDeviceThatDoesNotWakeIsOpenedOnceHoweverOftenTheGuestRests() throws Exception {
    try (Reader guest = new Reader(device(false))) {
      guest.expect("5 1 1", "0 0 0");
      Semaphore wakes = new Semaphore(0);
      hanging = wakes;
      broken = "gone";
      write(EV_KEY, 30, 1);
      for (int i = 0; i < 1000 && tries.get() == 0; i++) {
        Thread.sleep(RETRY_MILLIS);
      }
      for (int i = 0; i < 4; i++) {
        guest.pause();
        guest.goOn();
        Thread.sleep(5 * RETRY_MILLIS);
      }
      assertThat(tries).hasValue(1);
      hanging = null;
      broken = null;
      wakes.release(100);
      for (int i = 0; i < 1000 && calls.stream().filter("open"::equals).count() < 3; i++) {
        Thread.sleep(RETRY_MILLIS); // the one that came late was for the former run
      }
      write(EV_KEY, 40, 1, EV_SYN, 0, 0);
      guest.expect("1 40 1", "0 0 0");
    }
  }

  /** A guest that slept meanwhile has no reason to think of another one. */
  @Test
  void n9_ofADeviceThatIsGoneADriverIsToldTheLastState() throws Exception {
    try (Reader guest = new Reader(device(false))) {
      guest.expect("5 1 1", "0 0 0");
      write(EV_KEY, 30, 1, EV_ABS, 0, 500, EV_SYN, 0, 0);
      guest.expect("1 30 1", "3 0 500", "0 0 0");
      Path away = directory.resolve("away");
      Files.move(pipe, away);
      broken = "gone";
      try (FileChannel end = FileChannel.open(away, StandardOpenOption.WRITE)) {
        end.write(ByteBuffer.allocate(EVENT_SIZE));
      }
      guest.expect("1 30 0", "0 0 0");
      guest.reboot();
      guest.expect(wholeState(500));
    }
  }

  @Test
  void anotherDeviceInItsPlaceIsNotTaken() throws Exception {
    try (LogWatch log = new LogWatch();
        Reader guest = new Reader(device(false))) {
      guest.expect("5 1 1", "0 0 0");
      description = ScriptedHost.everything(true);
      broken = "gone";
      write(EV_KEY, 1, 1);
      for (int i = 0; i < 1000 && log.lines().size() < 2; i++) {
        Thread.sleep(RETRY_MILLIS);
      }
      Thread.sleep(5 * RETRY_MILLIS);
      assertThat(log.lines()).hasSize(2);
      assertThat(log.lines().get(1))
          .contains("is another device now, Test keys; the one it was is waited for");
      guest.expectNothing();
    }
    for (int i = 0; i < 1000 && count("open") != count("close"); i++) {
      Thread.sleep(RETRY_MILLIS); // one was on its way
    }
    assertThat(count("close")).isEqualTo(count("open"));
  }

  private long count(String call) {
    return calls.stream().filter(call::equals).count();
  }

  @Test
  void aDeviceIsTakenForAsLongAsAGuestRuns() throws Exception {
    try (Reader guest = new Reader(device(true))) {
      guest.expect("5 1 1", "0 0 0");
      assertThat(calls).containsExactly("open", "grab", "let go", "grab");
      guest.pause();
      guest.goOn();
      assertThat(calls).containsExactly("open", "grab", "let go", "grab", "let go", "grab");
    }
    assertThat(calls).endsWith("let go", "close");
  }

  /** As the kernel would say, of which this is the only way to have it. */
  private static NativeIoException failure(int errno) throws Exception {
    Constructor<NativeIoException> constructor =
        NativeIoException.class.getDeclaredConstructor(String.class, LastErrorException.class);
    constructor.setAccessible(true);
    return constructor.newInstance("ioctl", new LastErrorException(errno));
  }

  @Test
  void aDeviceThatSomebodyElseHasAndThatIsUnpluggedLetsItsKeysGo() throws Exception {
    InputDevice device = device(true);
    ungrabbable = failure(Errno.EBUSY);
    try (Reader guest = new Reader(device)) {
      guest.expect("5 1 1", "0 0 0");
      write(EV_KEY, 30, 1, EV_SYN, 0, 0);
      guest.expect("1 30 1", "0 0 0");
      Files.delete(pipe);
      ungrabbable = failure(Errno.ENODEV);
      guest.expect("1 30 0", "0 0 0");
      ungrabbable = null;
    }
  }

  /** The kernel gives nobody else its events then, so a key would stick. */
  @Test
  void whatHappenedWhileSomebodyElseHadTheDeviceIsMadeUpFor() throws Exception {
    InputDevice device = device(true);
    ungrabbable = failure(Errno.EBUSY);
    try (Reader guest = new Reader(device)) {
      guest.expect("5 1 1", "0 0 0");
      write(EV_KEY, 30, 1, EV_SYN, 0, 0);
      guest.expect("1 30 1", "0 0 0");
      held = List.of(31);
      ungrabbable = null;
      guest.expect("1 30 0", "1 31 1", "0 0 0");
      write(EV_KEY, 31, 0, EV_SYN, 0, 0);
      guest.expect("1 31 0", "0 0 0");
    }
  }

  @Test
  void aMissingOrWrongDeviceIsExplained() throws IOException {
    assertThatThrownBy(() -> Evdev.open(directory.resolve("none")))
        .isInstanceOf(DeviceException.class)
        .hasMessage("there is no recording %s", directory.resolve("none"));
    assertThatThrownBy(() -> Evdev.open(Path.of("/dev/input/none")))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "there is no /dev/input/none: plug the device in; 'ls -l /dev/input/by-id' tells what"
                + " there is");
    assertThatThrownBy(() -> Evdev.open(Path.of("/dev/null")))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("/dev/null is no event device")
        .hasMessageEndingWith("give a /dev/input/eventN, or a recording of 'evemu-record'");
  }
}
