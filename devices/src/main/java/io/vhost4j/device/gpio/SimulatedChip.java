package io.vhost4j.device.gpio;

import io.vhost4j.device.DeviceContext;
import io.vhost4j.device.DeviceControl;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A chip without hardware: people drive its lines from outside, and see what the guest drives.
 *
 * <p>A line has a level that it is driven to from outside, low in the beginning. It has that level
 * unless it is an output: then the guest wins, and what is outside waits until the guest lets go.
 */
final class SimulatedChip implements GpioChip, DeviceControl {
  private static final class Line {
    final int number;
    final String name;
    Use use = Use.RELEASED;
    boolean outside;

    Line(int number, String name) {
      this.number = number;
      this.name = name;
    }

    boolean isHigh() {
      return use.isOutput() ? use == Use.OUTPUT_HIGH : outside;
    }

    /** NUMBER NAME DIRECTION LEVEL, and the edges that the guest waits for. */
    String describe() {
      String state =
          switch (use) {
            case RELEASED -> "none %d";
            case INPUT -> "in %d";
            case INPUT_RISING -> "in %d edges=rising";
            case INPUT_FALLING -> "in %d edges=falling";
            case INPUT_BOTH -> "in %d edges=both";
            case OUTPUT_LOW, OUTPUT_HIGH -> "out %d";
          };
      return "%d %s ".formatted(number, name.isEmpty() ? "-" : name)
          + state.formatted(isHigh() ? 1 : 0);
    }
  }

  private final List<Line> lines = new ArrayList<>();
  private @Nullable Listener listener;
  private @Nullable Consumer<String> changes;

  /**
   * @param names one for each line; empty for a line without
   */
  SimulatedChip(List<String> names) {
    names.forEach(name -> lines.add(new Line(lines.size(), name)));
  }

  @Override
  public List<String> names() {
    return lines.stream().map(line -> line.name).toList();
  }

  @Override
  public boolean mayBlock() {
    return false;
  }

  @Override
  public void connected(DeviceContext context, Listener whoListens) {
    listener = whoListens;
  }

  @Override
  public void configure(int number, Use use) {
    Line line = lines.get(number);
    if (line.use != use) {
      line.use = use;
      tell(line);
    }
  }

  @Override
  public boolean isHigh(int number) {
    return lines.get(number).isHigh();
  }

  @Override
  public void close() {}

  // By hand

  @Override
  public List<String> commands() {
    return List.of(
        "lines - tells all lines: number, name, direction, level, edges that the guest waits for",
        "get LINE - tells one line, by its number or name",
        "set LINE 0|1 - drives a line from outside; an output shows it when the guest lets go");
  }

  @Override
  public List<String> obey(List<String> words) throws Refused {
    String command = words.get(0);
    if (command.equals("lines") && words.size() == 1) {
      return lines.stream().map(Line::describe).toList();
    } else if (command.equals("get") && words.size() == 2) {
      return List.of(line(words.get(1)).describe());
    } else if (command.equals("set") && words.size() == 3) {
      String level = words.get(2);
      if (!level.equals("0") && !level.equals("1")) {
        throw new Refused("the level '%s' is neither 0 nor 1".formatted(level));
      }
      drive(line(words.get(1)), level.equals("1"));
      return List.of();
    }
    throw new Refused(
        "there is no command '%s': 'help' tells them".formatted(String.join(" ", words)));
  }

  private Line line(String text) throws Refused {
    for (Line line : lines) {
      if (text.equals(line.name) || text.equals(String.valueOf(line.number))) {
        return line;
      }
    }
    throw new Refused("there is no line '%s': 'lines' tells them".formatted(text));
  }

  private void drive(Line line, boolean high) {
    if (line.outside == high) {
      return;
    }
    line.outside = high;
    if (line.use.isOutput()) {
      return;
    }
    Listener heard = listener;
    if (heard != null && line.use.tells(high)) {
      heard.edge(line.number, high);
    }
    tell(line);
  }

  @Override
  public void watch(@Nullable Consumer<String> whoWatches) {
    changes = whoWatches;
  }

  private void tell(Line line) {
    Consumer<String> watcher = changes;
    if (watcher != null) {
      watcher.accept(line.describe());
    }
  }
}
