package io.vhost4j.device;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An option of a kind of device, which programs show as {@code --name=LABEL}. Made by {@link
 * #text}, {@link #path}, {@link #number}, {@link #flag} or {@link #choice}, and refined by the
 * other methods:
 *
 * <pre>{@code
 * static final DeviceOption PERIOD =
 *     DeviceOption.number("period", "MS", "length of a period", 1, 65536)
 *         .inUnitsOf("milliseconds")
 *         .byDefault("65536")
 *         .aliases("p");
 * }</pre>
 *
 * @param name lower case with dashes, for example {@code output-streams}
 * @param aliases other names, of which those of one letter are short options
 * @param label what the value is, for example {@code FILE}; empty for a flag
 * @param description one line for help texts, which add the default
 * @param defaultValue the value when the user gives none; empty if that means "not set"
 * @param values which values it takes
 * @param purpose what to do with it, for an option that has to be given, such as {@code say where
 *     the sound goes}; empty for all others
 * @param scope how often it can be given to a process
 * @param separator between the values of a list that has one for each device, such as {@code ,} in
 *     {@code 1,2,3}; empty if a value is one device's
 * @param condition what makes it an option at all, null if it always is one
 */
public record DeviceOption(
    String name,
    List<String> aliases,
    String label,
    String description,
    String defaultValue,
    Values values,
    String purpose,
    Scope scope,
    String separator,
    @Nullable Condition condition) {

  /** Which values an option takes. */
  public sealed interface Values {
    /** Every text. */
    record Text() implements Values {}

    /** The path of a file. */
    record Path() implements Values {}

    /** {@code true} or {@code false}; to give the option without a value is {@code true}. */
    record Flag() implements Values {}

    /**
     * A whole number.
     *
     * @param min the least, 0 or above
     * @param max the greatest
     * @param unit of what, for example {@code milliseconds}; may be empty
     */
    record Range(long min, long max, String unit) implements Values {
      boolean includes(String value) {
        if (!value.matches("[0-9]+")) {
          return false;
        }
        try {
          long number = Long.parseLong(value);
          return number >= min && number <= max;
        } catch (NumberFormatException e) {
          return false; // it is greater than any
        }
      }
    }

    /**
     * One of some words.
     *
     * @param meanings each word with a line that explains it, in the order of the help text
     */
    record Choice(Map<String, String> meanings) implements Values {
      /** All of them, for people. */
      public String words() {
        List<String> words = List.copyOf(meanings.keySet());
        int last = words.size() - 1;
        return last < 1
            ? String.join("", words)
            : String.join(", ", words.subList(0, last)) + " or " + words.get(last);
      }
    }
  }

  /** How often an option can be given to a process with several devices. */
  public enum Scope {
    /** Once for all of its devices, or once for each. */
    DEVICE,
    /** Once. */
    PROCESS
  }

  /**
   * Only devices for which another option has one of these values have the option.
   *
   * @param option the other option
   * @param values its values
   */
  public record Condition(DeviceOption option, List<String> values) {}

  /** An option that takes any text. */
  public static DeviceOption text(String name, String label, String description) {
    return of(name, label, description, new Values.Text());
  }

  /** The path of a file. */
  public static DeviceOption path(String name, String description) {
    return of(name, "FILE", description, new Values.Path());
  }

  /** A whole number from {@code min}, which is 0 or above, to {@code max}. */
  public static DeviceOption number(
      String name, String label, String description, long min, long max) {
    return of(name, label, description, new Values.Range(min, max, ""));
  }

  /** A switch, which is off by default. */
  public static DeviceOption flag(String name, String description) {
    return of(name, "", description, new Values.Flag()).byDefault("false");
  }

  /**
   * One of some words.
   *
   * @param meanings each word with a line that explains it, in the order of the help text
   */
  public static DeviceOption choice(
      String name, String label, String description, Map<String, String> meanings) {
    return of(name, label, description, new Values.Choice(meanings));
  }

  private static DeviceOption of(String name, String label, String description, Values values) {
    return new DeviceOption(
        name, List.of(), label, description, "", values, "", Scope.DEVICE, "", null);
  }

  /** The same option with other names; those of one letter are short options. */
  public DeviceOption aliases(String... names) {
    return new DeviceOption(
        name,
        List.of(names),
        label,
        description,
        defaultValue,
        values,
        purpose,
        scope,
        separator,
        condition);
  }

  /** The same option with this value where none is given. */
  public DeviceOption byDefault(String value) {
    return new DeviceOption(
        name, aliases, label, description, value, values, purpose, scope, separator, condition);
  }

  /** The same number, of which error messages say the unit. */
  public DeviceOption inUnitsOf(String unit) {
    Values.Range range = (Values.Range) values;
    return new DeviceOption(
        name,
        aliases,
        label,
        description,
        defaultValue,
        new Values.Range(range.min(), range.max(), unit),
        purpose,
        scope,
        separator,
        condition);
  }

  /**
   * The same option, which has to be given.
   *
   * @param what what to do with it, such as {@code say where the sound goes}
   */
  public DeviceOption requiredTo(String what) {
    return new DeviceOption(
        name, aliases, label, description, defaultValue, values, what, scope, separator, condition);
  }

  /** The same option, which is given once for all devices of a process. */
  public DeviceOption perProcess() {
    return new DeviceOption(
        name,
        aliases,
        label,
        description,
        defaultValue,
        values,
        purpose,
        Scope.PROCESS,
        separator,
        condition);
  }

  /**
   * The same option, of which the user may also give one list with a value for each device, in the
   * order of the sockets. The kinds of device whose sockets are {@linkplain
   * VirtioDeviceProvider.SocketOptions#COUNTED counted} have as many as the list, unless they are
   * told otherwise.
   *
   * @param between what is between the values; a blank is for any number of them
   */
  public DeviceOption listedBy(String between) {
    return new DeviceOption(
        name,
        aliases,
        label,
        description,
        defaultValue,
        values,
        purpose,
        scope,
        between,
        condition);
  }

  /** The values of a list, or the value itself if this is not {@linkplain #listedBy listed}. */
  public List<String> listed(String value) {
    if (separator.isEmpty()) {
      return List.of(value);
    }
    String between = separator.isBlank() ? "\\s+" : Pattern.quote(separator);
    return Stream.of(value.strip().split(between, -1)).map(String::strip).toList();
  }

  /** The same option, which only devices have for which {@code other} has one of some values. */
  public DeviceOption onlyWith(DeviceOption other, List<String> itsValues) {
    return new DeviceOption(
        name,
        aliases,
        label,
        description,
        defaultValue,
        values,
        purpose,
        scope,
        separator,
        new Condition(other, List.copyOf(itsValues)));
  }

  /**
   * Whether devices have the option that are given these values.
   *
   * @param given by {@link #name()}
   */
  public boolean isFor(Map<String, String> given) {
    Condition only = condition;
    return only == null || only.values().contains(only.option().in(given));
  }

  /** What the user has set this option to, or its default. */
  public String in(Map<String, String> given) {
    return given.getOrDefault(name, defaultValue);
  }

  /**
   * Checks what a user has set this option to.
   *
   * @param given the values of a device, by {@link #name()}
   * @throws DeviceOptionException if the option does not take its value, is missing, or is none of
   *     that device's
   */
  public void checkIn(Map<String, String> given) throws DeviceOptionException {
    String value = given.get(name);
    if (value == null) {
      if (!purpose.isEmpty() && isFor(given)) {
        throw new DeviceOptionException(
            "no %s: %s with --%s=%s"
                .formatted(
                    name,
                    purpose,
                    name,
                    values instanceof Values.Choice choice ? choice.words() : label));
      }
      return;
    }
    Condition only = condition;
    if (only != null && !isFor(given)) {
      throw new DeviceOptionException(
          "--%s is an option of --%s=%s, not of %s"
              .formatted(
                  name,
                  only.option().name(),
                  String.join(" or ", only.values()),
                  only.option().in(given)));
    }
    check(value);
  }

  private void check(String value) throws DeviceOptionException {
    if (values instanceof Values.Path && value.isEmpty()) {
      throw new DeviceOptionException("--" + name + " is empty: give the path of a file");
    } else if (values instanceof Values.Flag && !value.equals("true") && !value.equals("false")) {
      throw unknown(value, "true or false");
    } else if (values instanceof Values.Choice choice && !choice.meanings().containsKey(value)) {
      throw unknown(value, choice.words());
    } else if (values instanceof Values.Range range && !range.includes(value)) {
      throw new DeviceOptionException(
          "--%s=%s: possible are %d to %d%s"
              .formatted(
                  name,
                  value,
                  range.min(),
                  range.max(),
                  range.unit().isEmpty() ? "" : " " + range.unit()));
    }
  }

  private DeviceOptionException unknown(String value, String known) {
    return new DeviceOptionException("--%s=%s is unknown: give %s".formatted(name, value, known));
  }
}
