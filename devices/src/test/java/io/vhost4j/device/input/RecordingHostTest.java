package io.vhost4j.device.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.DeviceOptions;
import io.vhost4j.testkit.LogWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording that is played to a guest. */
class RecordingHostTest {
  private static final String KEYBOARD =
      """
      N: Recorded keys
      B: 01 ff ff ff ff ff ff ff ff
      B: 05 01
      B: 11 07
      S: 00 1
      """;

  @TempDir Path directory;

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("recording"), text);
  }

  private static InputDevice open(Path file, boolean loop) throws Exception {
    return (InputDevice)
        new InputDeviceProvider()
            .open(
                new DeviceOptions(
                    "keys", Map.of("event-list", file.toString(), "loop", String.valueOf(loop))))
            .device();
  }

  private static void append(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }

  @Test
  void eachGuestHasItFromTheBeginning_AndWhatIsAdded() throws Exception {
    Path file = file(KEYBOARD + "E: 0.000001 0001 001e 1\nE: 0.000001 0000 0000 0\n");
    try (Reader guest = new Reader(open(file, false))) {
      guest.expect("5 0 1", "0 0 0", "1 30 1", "0 0 0");
      append(file, "E: 0.100000 0001 001e 0\n");
      append(file, "E: 0.100000 0000 0000 0\nE: 0.0 nonsense\n");
      guest.expect("1 30 0", "0 0 0");
      guest.reboot();
      guest.expect("5 0 1", "0 0 0", "1 30 1", "0 0 0", "1 30 0", "0 0 0");
      guest.expectNothing();
    }
  }

  @Test
  void aRecordingThatIsGoneIsToldWithTheReason() throws Exception {
    Path file = file(KEYBOARD);
    try (LogWatch log = new LogWatch();
        Reader guest = new Reader(open(file, false))) {
      guest.expect("5 0 1", "0 0 0");
      Files.delete(file);
      for (int i = 0; i < 1000 && log.lines().isEmpty(); i++) {
        Thread.sleep(20);
      }
      assertThat(log.lines())
          .first()
          .isEqualTo("keys: %s cannot be read: no such file or directory".formatted(file));
    }
  }

  @Test
  void aPausedGuestMissesNothing() throws Exception {
    Path file = file(KEYBOARD);
    try (Reader guest = new Reader(open(file, false))) {
      guest.expect("5 0 1", "0 0 0");
      guest.pause();
      append(file, "E: 0.100000 0001 0001 1\nE: 0.100000 0000 0000 0\n");
      guest.goOn();
      guest.expect("1 1 1", "0 0 0");
    }
  }

  @Test
  void aLoopBeginsAgain() throws Exception {
    Path file = file(KEYBOARD + "E: 7.000001 0001 001e 1\nE: 7.000001 0000 0000 0\n");
    try (Reader guest = new Reader(open(file, true))) {
      guest.expect("5 0 1", "0 0 0", "1 30 1", "0 0 0", "1 30 1", "0 0 0");
    }
  }

  /** A recording waits for its driver: more than 4096 events at once. */
  @Test
  void nothingIsDropped() throws Exception {
    String events =
        IntStream.range(0, 6000)
            .mapToObj(
                i ->
                    "E: 0.000001 0001 %04x %d\nE: 0.000001 0000 0000 0\n"
                        .formatted(i / 2 % 64, 1 - i % 2))
            .collect(Collectors.joining());
    InputDevice device = open(file(KEYBOARD + events), false);
    try (Reader guest = new Reader(device)) {
      guest.expect("5 0 1", "0 0 0");
      for (int i = 0; i < 6000; i++) {
        guest.expect("1 %d %d".formatted(i / 2 % 64, 1 - i % 2), "0 0 0");
      }
      assertThat(device.frames().dropped()).isZero();
      assertThat(device.frames().sent()).isEqualTo(12_002);
    }
  }

  @Test
  void whatTheGuestChangesIsLogged() throws Exception {
    try (LogWatch log = new LogWatch();
        Reader guest = new Reader(open(file(KEYBOARD), false))) {
      guest.light(2, 0);
      guest.light(1, 1);
      guest.light(1, 1);
      guest.light(9, 1);
      guest.light(1, 0);
      assertThat(log.lines())
          .containsExactly("keys: the guest sets LED 1 to 1", "keys: the guest sets LED 1 to 0");
    }
  }
}
