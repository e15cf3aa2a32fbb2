package io.vhost4j.audio;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * An option of a backend, which daemons show as {@code --name=LABEL}. Backends that mean the same
 * share the name.
 *
 * @param name lower case with dashes, for example {@code playback-file}
 * @param label what the value is, for example {@code FILE}; empty for a switch, whose value is
 *     {@code true} or {@code false}
 * @param description one line for help texts
 * @param defaultValue the value when the user gives none; empty if that means "not set"
 * @param values which values there are besides the default
 */
public record AudioOption(
    String name, String label, String description, String defaultValue, Values values) {

  /**
   * Which values an option takes.
   *
   * @param expected says so to users, behind "give"
   * @param includes whether a value is one of them
   */
  public record Values(String expected, Predicate<String> includes) {
    /** Every text. */
    public static final Values ANY = new Values("any text", value -> true);

    /** These and no others. */
    public static Values oneOf(String... values) {
      return new Values(String.join(" or ", values), List.of(values)::contains);
    }
  }

  /** An option that takes any text, or a switch if it has no label. */
  public AudioOption(String name, String label, String description, String defaultValue) {
    this(
        name,
        label,
        description,
        defaultValue,
        label.isEmpty() ? Values.oneOf("true", "false") : Values.ANY);
  }

  /** What the user has set this option to, or its default. */
  public String in(Map<String, String> options) {
    return options.getOrDefault(name, defaultValue);
  }

  /**
   * Checks a value from a user.
   *
   * @throws AudioOptionException if the option does not take it
   */
  public void check(String value) {
    if (!value.equals(defaultValue) && !values.includes().test(value)) {
      throw new AudioOptionException(
          "--" + name + "=" + value + " is unknown: give " + values.expected());
    }
  }
}
