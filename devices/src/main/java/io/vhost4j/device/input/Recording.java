package io.vhost4j.device.input;

import static io.vhost4j.device.input.Codes.EV_REP;
import static io.vhost4j.device.input.Codes.EV_SW;
import static io.vhost4j.device.input.Codes.EV_SYN;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.input.InputDescription.Axis;
import io.vhost4j.device.input.InputDescription.Ids;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A file in the format of {@code evemu-record}: lines that describe a device, then lines of events.
 *
 * <pre>
 *  N: name                          U: serial (ours; evemu has none)
 *  I: bus vendor product version    hexadecimal
 *  P: byte byte ...                 properties, hexadecimal; the next line goes on
 *  B: type byte byte ...            codes of a type, hexadecimal; the next line of the type goes on;
 *                                   type 00 has the types themselves, of which repeat has no line
 *  A: code min max fuzz flat [res]  an axis: the code is hexadecimal, the rest decimal
 *  S: code 1                        a switch that is on at the beginning
 *  E: seconds.micros type code value   type and code hexadecimal, value decimal
 *  L: ..., # ..., empty             ignored
 * </pre>
 *
 * <p>What is behind a {@code #} is ignored, but for a name or serial. A line counts when its end is
 * there. One thread at a time; all methods that read block.
 */
final class Recording {
  private static final int MOST_AT_ONCE = 1 << 16;

  /** The place of properties among the types of B. */
  private static final int PROPERTIES = -1;

  /**
   * An event.
   *
   * @param micros when it was, in microseconds from any moment on
   */
  record Event(long micros, int type, int code, int value) {}

  private final Path path;
  private final ByteBuffer bytes = ByteBuffer.allocate(MOST_AT_ONCE);
  private final InputDescription description;
  private final BitSet switches = new BitSet();

  /** Bytes that were read: whole lines. */
  private long position;

  private int lineNumber;

  /* While the description is read. */
  private String name = "";
  private String serial = "";
  private Ids ids = new Ids(0, 0, 0, 0);
  private final Map<Integer, ByteArrayOutputStream> bitmaps = new HashMap<>();
  private final Map<Integer, Axis> axes = new HashMap<>();

  private Recording(Path path) throws DeviceException {
    this.path = path;
    for (List<String> lines = lines(); !lines.isEmpty(); lines = lines()) {
      for (String line : lines) {
        lineNumber++;
        try {
          Event unused = parse(line);
        } catch (RuntimeException e) { // a number, or one too few of them
          throw new DeviceException(wrong(line) + ": record it again with 'evemu-record'");
        }
      }
    }
    description = new InputDescription(name, serial, ids, bits(PROPERTIES), codes(), axes);
    if (description.codes().isEmpty()) {
      throw new DeviceException(
          "%s describes no device: it has no line 'B: TYPE BYTES', as 'evemu-record' writes them"
              .formatted(path));
    }
    rewind();
  }

  /**
   * Reads a file.
   *
   * @throws DeviceException if it cannot be read, or is no recording
   */
  static Recording open(Path path) throws DeviceException {
    return new Recording(path);
  }

  private String wrong(String line) {
    String shown = line.length() > 60 ? line.substring(0, 60) + "..." : line;
    return "%s, line %d is not what a recording has: '%s'".formatted(path, lineNumber, shown);
  }

  InputDescription description() {
    return description;
  }

  /** The state of the device before the first event. */
  InputState beginning() {
    InputState state = new InputState(description.slots());
    switches.stream().forEach(code -> state.apply(EV_SW, code, 1));
    return state;
  }

  /** Begins with the first event again. */
  void rewind() {
    position = 0;
    lineNumber = 0;
  }

  /**
   * Reads on: some events that were not read so far, those included that have been added to the
   * file meanwhile.
   *
   * @param problems takes what is wrong with lines that are skipped
   * @return empty if there are no more now
   * @throws DeviceException if the file cannot be read
   */
  List<Event> read(Consumer<String> problems) throws DeviceException {
    List<Event> events = new ArrayList<>();
    List<String> lines;
    do {
      lines = lines();
      for (String line : lines) {
        lineNumber++;
        if (line.startsWith("E:")) {
          try {
            events.add(event(line));
          } catch (RuntimeException e) { // a number, or one too few of them
            problems.accept(wrong(line));
          }
        }
      }
    } while (events.isEmpty() && !lines.isEmpty());
    return events;
  }

  /** The next lines whose end is there; empty if there is none. */
  private List<String> lines() throws DeviceException {
    int end;
    try (FileChannel file = FileChannel.open(path)) {
      int count;
      bytes.clear();
      do {
        count = file.read(bytes, position + bytes.position());
      } while (count > 0 && bytes.hasRemaining());
      end = bytes.position();
    } catch (IOException e) {
      throw new DeviceException(
          "%s cannot be read: %s".formatted(path, DeviceException.reason(e)), e);
    }
    while (end > 0 && bytes.get(end - 1) != '\n') {
      end--;
    }
    if (end == 0) {
      if (!bytes.hasRemaining()) {
        throw new DeviceException(path + " is no recording: it has a line without end");
      }
      return List.of();
    }
    position += end;
    return new String(bytes.array(), 0, end, UTF_8).lines().toList();
  }

  /** Takes one line; returns null if it is no event. */
  private @Nullable Event parse(String line) {
    String kind = line.length() < 2 ? "" : line.substring(0, 2);
    switch (kind) {
      case "N:" -> name = line.substring(2).strip();
      case "U:" -> serial = line.substring(2).strip();
      case "I:" -> {
        String[] words = words(line, 4);
        ids = new Ids(hex(words[0]), hex(words[1]), hex(words[2]), hex(words[3]));
      }
      case "P:" -> bytes(PROPERTIES, words(line, 1), 0);
      case "B:" -> {
        String[] words = words(line, 1);
        bytes(hex(words[0]), words, 1);
      }
      case "A:" -> {
        String[] words = words(line, 5);
        axes.put(
            Math.min(hex(words[0]), Codes.ABS_COUNT),
            new Axis(
                Integer.parseInt(words[1]),
                Integer.parseInt(words[2]),
                Integer.parseInt(words[3]),
                Integer.parseInt(words[4]),
                words.length > 5 ? Integer.parseInt(words[5]) : 0));
      }
      case "S:" -> {
        String[] words = words(line, 2);
        switches.set(Math.min(hex(words[0]), Long.SIZE), Integer.parseInt(words[1]) != 0);
      }
      case "E:" -> {
        return event(line);
      }
      case "L:", "" -> {} // lights are the driver's
      default -> {
        if (!line.startsWith("#")) {
          throw new IllegalArgumentException(line);
        }
      }
    }
    return null;
  }

  private static Event event(String line) {
    String[] words = words(line, 4);
    String[] time = words[0].split("\\.", -1);
    if (time.length != 2 || time[1].length() != 6) {
      throw new IllegalArgumentException(words[0]);
    }
    return new Event(
        Math.addExact(
            Math.multiplyExact(Long.parseLong(time[0]), 1_000_000L), Integer.parseInt(time[1])),
        hex(words[1]),
        hex(words[2]),
        Integer.parseInt(words[3]));
  }

  private static String[] words(String line, int least) {
    int end = line.indexOf('#');
    String[] words = line.substring(2, end < 0 ? line.length() : end).strip().split("\\s+");
    if (words.length < least) {
      throw new IllegalArgumentException(line);
    }
    return words;
  }

  /** A number of 16 bits. */
  private static int hex(String word) {
    int number = Integer.parseInt(word, 16);
    if (number < 0 || number > 0xffff) {
      throw new IllegalArgumentException(word);
    }
    return number;
  }

  private void bytes(int place, String[] words, int first) {
    ByteArrayOutputStream bitmap =
        bitmaps.computeIfAbsent(place, key -> new ByteArrayOutputStream());
    for (int i = first; i < words.length; i++) {
      bitmap.write(hex(words[i]));
    }
  }

  private BitSet bits(int place) {
    ByteArrayOutputStream bitmap = bitmaps.get(place);
    return bitmap == null ? new BitSet() : BitSet.valueOf(bitmap.toByteArray());
  }

  private Map<Integer, BitSet> codes() {
    Map<Integer, BitSet> codes = new HashMap<>();
    for (int type : bitmaps.keySet()) {
      BitSet known = bits(type);
      known.clear(Codes.count(type), Math.max(known.length(), Codes.count(type)));
      if (!known.isEmpty()) {
        codes.put(type, known);
      }
    }
    if (bits(EV_SYN).get(EV_REP)) {
      BitSet both = new BitSet();
      both.set(0, Codes.count(EV_REP));
      codes.put(EV_REP, both);
    }
    axes.keySet().removeIf(code -> !codes.getOrDefault(Codes.EV_ABS, new BitSet()).get(code));
    switches.and(codes.getOrDefault(EV_SW, new BitSet()));
    return codes;
  }
}
