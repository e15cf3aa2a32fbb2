package io.vhost4j.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A recording that a test goes on with, and what a guest has read of it. */
final class InputRecording {
  /** Length of a {@code struct input_event}. */
  static final int EVENT_SIZE = 24;

  /** Keys, and lights; what repeats itself would depend on time. */
  static final String KEYS =
      """
      N: Test keys
      U: keys-0001
      I: 0003 046d c31c 0110
      P: 00 00 00 00 00 00 00 00
      B: 00 13 00 02 00
      B: 01 fe ff ff ff ff ff ff ff
      B: 01 ff ff ff ff ff ff ff ff
      B: 04 10
      B: 11 1f
      """;

  /** Ten contacts. */
  static final String TOUCH =
      """
      N: Test touch screen
      U: touch/7
      I: 0018 1234 abcd ffff
      P: 02
      B: 00 0b
      B: 01 00 00 00 00 00 00 00 00
      B: 01 00 00 00 00 00 00 00 00
      B: 01 00 00 00 00 00 00 00 00
      B: 01 00 00 00 00 00 00 00 00
      B: 01 00 00 00 00 00 00 00 00
      B: 01 00 04 00 00 00 00 00 00
      B: 03 03 00 00 00 00 80 60 02
      A: 00 0 4095 0 0 20
      A: 01 -5 2999 0 7 20
      A: 2f 0 9 0 0 0
      A: 35 0 4095 0 0 20
      A: 36 -5 2999 0 7 20
      A: 39 0 65535 0 0 0
      """;

  /** What the others have not. */
  static final String REMOTE =
      """
      N: Test remote control
      I: 0019 0001 0002 0003
      P: 05
      B: 00 27 00 16 00
      B: 01 00 00 03 00
      B: 02 03 01
      B: 05 03
      B: 11 02
      B: 12 06
      S: 01 1
      """;

  private static final int FRAME_MICROS = 1000;

  final Path file;
  private final List<String> events = new ArrayList<>();
  private StringBuilder lines = new StringBuilder();
  private long micros = 1;

  InputRecording(Path file, String description) throws IOException {
    this.file = Files.writeString(file, description);
  }

  /** One thing that happens; hexadecimal, as in a recording. */
  private InputRecording event(int type, int code, int value) {
    lines.append(
        "E: %d.%06d %04x %04x %04d\n"
            .formatted(micros / 1_000_000, micros % 1_000_000, type, code, value));
    events.add(type + " " + code + " " + value);
    return this;
  }

  private InputRecording report() {
    event(0, 0, 0);
    micros += FRAME_MICROS;
    return this;
  }

  /** A key is pressed or let go, with its number as keyboards send it. */
  InputRecording key(int code, boolean pressed) {
    return event(4, 4, 0x70000 + code).event(1, code, pressed ? 1 : 0).report();
  }

  /** A key is pressed, and nothing else is told of it. */
  InputRecording press(int code) {
    return event(1, code, 1).report();
  }

  /** Two fingers touch the screen: eleven events at once. */
  InputRecording touch(int id, int at) {
    contact(0, id, at, false);
    contact(1, id + 1, at + 1000, true);
    return event(1, 0x14a, 1).event(3, 0, at).event(3, 1, at / 2).report();
  }

  private void contact(int slot, int id, int at, boolean another) {
    if (another) {
      event(3, 0x2f, slot);
    }
    if (id >= 0) {
      event(3, 0x39, id);
    }
    event(3, 0x35, at).event(3, 0x36, at / 2);
  }

  /** They move: nine events. */
  InputRecording move(int at) {
    contact(0, -1, at, true);
    contact(1, -1, at + 1000, true);
    return event(3, 0, at).event(3, 1, at / 2).report();
  }

  /** They are gone, and the contact that changed last is that of slot 0 again: five events. */
  InputRecording lift() {
    event(3, 0x39, -1).event(3, 0x2f, 0).event(3, 0x39, -1);
    return event(1, 0x14a, 0).report();
  }

  /** How many events there are so far. */
  int size() {
    return events.size();
  }

  /** Adds to the file what has happened since the last time. */
  void append() throws IOException {
    appendTo(file);
  }

  /** Writes into another file what has happened since the last time. */
  void appendTo(Path other) throws IOException {
    Files.writeString(other, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    lines = new StringBuilder();
  }

  /** The file of a guest has exactly these events. */
  void assertExactly(Path raw) throws IOException {
    assertThat(read(raw)).isEqualTo(events);
  }

  /** Type, code and value of each event of a file. */
  static List<String> read(Path raw) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(raw)).order(ByteOrder.LITTLE_ENDIAN);
    List<String> read = new ArrayList<>();
    for (int at = 0; at + EVENT_SIZE <= bytes.limit(); at += EVENT_SIZE) {
      read.add(
          bytes.getShort(at + 16) + " " + bytes.getShort(at + 18) + " " + bytes.getInt(at + 20));
    }
    assertThat(bytes.limit() % EVENT_SIZE).isZero();
    return read;
  }
}
