package io.vhost4j.device;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The simulated hardware of a device, as people and scripts work it while it is served: what would
 * be a button pressed, a wire pulled, a register written. A program takes their commands, as lines
 * of text, and brings back what {@link #obey} says; whoever wants to is told of changes.
 *
 * <p>Every method is called on the device's event loop, whether a frontend is connected or not.
 */
public interface DeviceControl {
  /** A command that cannot be obeyed. The message says in one line what is wrong and what to do. */
  final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    public Refused(String message) {
      super(message);
    }
  }

  /** The commands, a line for each, such as {@code set LINE 0|1 - drives a line from outside}. */
  List<String> commands();

  /**
   * Obeys a command.
   *
   * @param words of the line, at least one
   * @return the lines of the answer, without ends of lines; none if there is nothing to say but
   *     that it is done
   * @throws Refused if there is no such command, or it cannot be obeyed; nothing has been done
   */
  List<String> obey(List<String> words) throws Refused;

  /**
   * Has each change told from now on, whoever caused it, as one line. That must cost nothing.
   *
   * @param changes takes the lines, or null to have nothing told any more
   */
  void watch(@Nullable Consumer<String> changes);
}
