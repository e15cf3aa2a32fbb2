package io.vhost4j.device;

import java.nio.file.Path;
import java.util.Map;

/**
 * What a user wants of one device.
 *
 * @param name tells the device from others in the log and in meters
 * @param index which of the devices of the process it is, from 0 on, in the order of the sockets
 * @param devices how many devices of this kind the process has, this one included
 * @param values what was given, by {@link DeviceOption#name()}; those absent have their default
 */
public record DeviceOptions(String name, int index, int devices, Map<String, String> values) {

  /** The only device of its kind, with {@code values} and otherwise defaults. */
  public DeviceOptions(String name, Map<String, String> values) {
    this(name, 0, 1, values);
  }

  /** Keeps a copy of the values. */
  public DeviceOptions {
    values = Map.copyOf(values);
  }

  /** Whether the user has given the option. */
  public boolean has(DeviceOption option) {
    return values.containsKey(option.name());
  }

  /** The value of an option, or its default. */
  public String text(DeviceOption option) {
    return option.in(values);
  }

  /** The value of a {@linkplain DeviceOption#number number}, which has been checked. */
  public long number(DeviceOption option) {
    return Long.parseLong(text(option));
  }

  /** Whether a {@linkplain DeviceOption#flag flag} is on. */
  public boolean flag(DeviceOption option) {
    return Boolean.parseBoolean(text(option));
  }

  /** The value of a {@linkplain DeviceOption#path path}. */
  public Path path(DeviceOption option) {
    return Path.of(text(option));
  }
}
