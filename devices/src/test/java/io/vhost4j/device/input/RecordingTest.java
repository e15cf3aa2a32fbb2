package io.vhost4j.device.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.input.InputDescription.Axis;
import io.vhost4j.device.input.InputDescription.Ids;
import io.vhost4j.device.input.Recording.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordingTest {
  /** As evemu-record writes it, with a serial. */
  static final String PAD =
      """
      # EVEMU 1.3
      # Kernel: 6.1
      N: Some Pad # 2
      U: s/n 7
      I: 0011 0002 0007 01b1
      P: 05 00 00 00 00 00 00 00
      B: 00 0b 00 12 00 00 00 00 00
      B: 01 00 00 00 00 00 00 00 00
      B: 01 01 00 00 00 00 00 00 80
      B: 03 03 00 00 00 00 80 20 02
      B: 05 03 00
      B: 11 02
      A: 00 1472 5472 0 0 60
      A: 01 -1408 4448 4 2
      A: 2f 0 1 0 0 0
      A: 35 1472 5472 0 0 60
      A: 39 0 65535 0 0 0
      A: 18 0 255 0 0 0
      L: 01 1
      S: 00 0
      S: 01 1
      """;

  static final String EVENTS =
      """
      ################################
      E: 0.000001 0003 0039 0123\t# EV_ABS / ABS_MT_TRACKING_ID   123
      E: 0.000001 0003 0035 2500	# EV_ABS / ABS_MT_POSITION_X    2500
      E: 0.000001 0000 0000 0000\t# ------------ SYN_REPORT (0) ---------- +0ms
      E: 12.034567 0003 0039 -001
      """;

  @TempDir Path directory;
  private final List<String> problems = new ArrayList<>();

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("recording"), text);
  }

  @Test
  void aDeviceIsDescribedAsEvemuDoes() throws Exception {
    Recording recording = Recording.open(file(PAD + EVENTS));
    InputDescription device = recording.description();
    assertThat(device.name()).isEqualTo("Some Pad # 2");
    assertThat(device.serial()).isEqualTo("s/n 7");
    assertThat(device.ids()).isEqualTo(new Ids(0x11, 2, 7, 0x1b1));
    assertThat(device.properties().stream()).containsExactly(0, 2);
    assertThat(device.codes(Codes.EV_KEY).stream()).containsExactly(64, 127);
    assertThat(device.codes(Codes.EV_ABS).stream()).containsExactly(0, 1, 0x2f, 0x35, 0x39);
    assertThat(device.codes(Codes.EV_SW).stream()).containsExactly(0, 1);
    assertThat(device.codes(Codes.EV_LED).stream()).containsExactly(1);
    assertThat(device.repeats()).isTrue();
    assertThat(device.axes())
        .hasSize(5)
        .containsEntry(0, new Axis(1472, 5472, 0, 0, 60))
        .containsEntry(1, new Axis(-1408, 4448, 4, 2, 0));
    assertThat(device.slots()).isEqualTo(2);
  }

  @Test
  void eventsAreReadOnce_AlsoThoseAddedLater() throws Exception {
    Path file = file(PAD + EVENTS);
    Recording recording = Recording.open(file);
    assertThat(recording.read(problems::add))
        .containsExactly(
            new Event(1, 3, 0x39, 123),
            new Event(1, 3, 0x35, 2500),
            new Event(1, 0, 0, 0),
            new Event(12_034_567, 3, 0x39, -1));
    assertThat(recording.read(problems::add)).isEmpty();
    Files.writeString(file, "E: 13.000000 0001 00", StandardOpenOption.APPEND);
    assertThat(recording.read(problems::add)).isEmpty();
    Files.writeString(file, "1e 1\nE: nonsense\nE: 13.1 1 1 1\n", StandardOpenOption.APPEND);
    assertThat(recording.read(problems::add)).containsExactly(new Event(13_000_000, 1, 30, 1));
    assertThat(problems)
        .containsExactly(
            file + ", line 28 is not what a recording has: 'E: nonsense'",
            file + ", line 29 is not what a recording has: 'E: 13.1 1 1 1'");
    recording.rewind();
    assertThat(recording.read(problems::add)).hasSize(5);
  }

  @Test
  void aLongRecordingIsReadInParts() throws Exception {
    String events =
        IntStream.range(0, 10_000)
            .mapToObj("E: 0.000000 0001 001e %d\n"::formatted)
            .collect(Collectors.joining());
    Recording recording = Recording.open(file(PAD + events));
    List<Event> all = new ArrayList<>();
    for (List<Event> some = recording.read(problems::add);
        !some.isEmpty();
        some = recording.read(problems::add)) {
      all.addAll(some);
    }
    assertThat(all.stream().mapToInt(Event::value).toArray())
        .isEqualTo(IntStream.range(0, 10_000).toArray());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "I: 1 2 3",
        "I: 1 2 3 10000",
        "A: 00 1 2 3",
        "A: 00 x 1 1 1",
        "P:",
        "hello",
        "E: 1 1 1 1",
        "E: 1.000000 1 1",
        "E: 99999999999999999999.000000 1 1 1",
        "B: 1 -1",
        "S: 1"
      })
  void aLineThatIsNoneIsNamed(String line) throws Exception {
    Path file = file(PAD + line + "\n");
    assertThatThrownBy(() -> Recording.open(file))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "%s, line 22 is not what a recording has: '%s': record it again with 'evemu-record'"
                .formatted(file, line));
  }

  @Test
  void aFileThatDescribesNothingIsRefused() throws Exception {
    Path file = file("N: nothing\n");
    assertThatThrownBy(() -> Recording.open(file)).hasMessageContaining("describes no device");
    Files.writeString(file, "x".repeat(1 << 17));
    assertThatThrownBy(() -> Recording.open(file)).hasMessageContaining("a line without end");
    assertThatThrownBy(() -> Recording.open(directory.resolve("none")))
        .hasMessageContaining("cannot be read");
  }
}
