package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.engine.Polling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.ParseResult;

/**
 * Deals the options of a command line out to its devices: what is given once holds for all; what is
 * given once for each device goes by the order of the sockets.
 */
final class OptionDealer {
  static final DeviceOption NAME =
      DeviceOption.text(
          "name",
          "NAME",
          "Name of the device in the log, in meters and wherever the host shows it, where it keeps"
              + " its place by that name (default: that of its socket)");

  static final DeviceOption POLL_US =
      DeviceOption.number(
              "poll-us",
              "N",
              "Look at a ring that has run empty for up to N microseconds before sleeping, while"
                  + " buffers follow each other that closely; 0 for never (default: twice the"
                  + " time of two wake-ups on this machine, which is measured)",
              0,
              Polling.LONGEST.toNanos() / 1000)
          .inUnitsOf("microseconds");

  private final VirtioDeviceProvider provider;
  private final ParseResult result;

  OptionDealer(VirtioDeviceProvider provider, ParseResult result) {
    this.provider = provider;
    this.result = result;
  }

  /**
   * @throws UsageException if the user asked for something that cannot be
   */
  List<DeviceSetup> devices() throws UsageException {
    List<ListenSocket> sockets = new SocketDealer(provider, result).sockets();
    try {
      List<String> names = names(sockets);
      List<Map<String, String>> engine = dealt(List.of(POLL_US), sockets.size());
      List<Map<String, String>> own = dealt(provider.options(), sockets.size());
      List<DeviceSetup> devices = new ArrayList<>();
      for (int i = 0; i < sockets.size(); i++) {
        DeviceOptions options = new DeviceOptions(names.get(i), i, sockets.size(), own.get(i));
        provider.check(options);
        devices.add(new DeviceSetup(options, sockets.get(i), polling(POLL_US.in(engine.get(i)))));
      }
      return devices;
    } catch (DeviceOptionException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static Polling polling(String micros) {
    return micros.isEmpty()
        ? Polling.whileItPays()
        : Polling.upTo(Duration.ofNanos(1000 * Long.parseLong(micros)));
  }

  /**
   * Those that the user gives, or those of the sockets, so that a device has its own in every run.
   */
  private List<String> names(List<ListenSocket> sockets) throws UsageException {
    List<String> names = new ArrayList<>(given(NAME));
    if (names.isEmpty()) {
      for (ListenSocket socket : sockets) {
        String name = socket.stem(provider.name());
        String unique = name;
        for (int n = 2; names.contains(unique); n++) {
          unique = name + "-" + n;
        }
        names.add(unique);
      }
      return names;
    }
    if (names.size() != sockets.size()) {
      throw new UsageException(
          "--name is given %d times for %d sockets: give it once for each"
              .formatted(names.size(), sockets.size()));
    }
    for (String name : names) {
      if (name.isBlank() || name.chars().anyMatch(Character::isISOControl)) {
        throw new UsageException("--name=%s is no name: give it letters".formatted(name.strip()));
      }
      if (Collections.frequency(names, name) > 1) {
        throw new UsageException("--name=%s is given twice".formatted(name));
      }
    }
    return names;
  }

  /** What each device is given of some options, which are checked. */
  private List<Map<String, String>> dealt(List<DeviceOption> options, int count)
      throws UsageException, DeviceOptionException {
    List<Map<String, String>> devices = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      devices.add(new HashMap<>());
    }
    // Some are options of those devices only that others make so.
    List<DeviceOption> inOrder = new ArrayList<>(options);
    inOrder.sort(Comparator.comparing(option -> option.condition() != null));
    for (DeviceOption option : inOrder) {
      deal(option, devices);
      for (Map<String, String> device : devices) {
        option.checkIn(device);
      }
    }
    return devices;
  }

  private void deal(DeviceOption option, List<Map<String, String>> devices) throws UsageException {
    String name = "--" + option.name();
    List<String> given = given(option);
    if (given.isEmpty()) {
      return;
    }
    List<Map<String, String>> takers = devices.stream().filter(option::isFor).toList();
    DeviceOption.Condition condition = option.condition();
    if (condition != null && takers.isEmpty()) {
      throw new UsageException(
          "%s is an option of --%s=%s, not of %s"
              .formatted(
                  name,
                  condition.option().name(),
                  String.join(" or ", condition.values()),
                  devices.stream()
                      .map(condition.option()::in)
                      .distinct()
                      .collect(Collectors.joining(" or "))));
    }
    if (option.scope() == DeviceOption.Scope.PROCESS) {
      DaemonCommandLine.once(result, name);
    }
    String what =
        condition == null
            ? "sockets"
            : "sockets whose --%s has it".formatted(condition.option().name());
    List<String> values =
        given.size() == 1 && !option.separator().isEmpty()
            ? listed(option, given.get(0), takers.size(), what)
            : forEach(name, given, takers.size(), what);
    for (int i = 0; i < takers.size(); i++) {
      takers.get(i).put(option.name(), values.get(i));
    }
  }

  private List<String> given(DeviceOption option) {
    return result.matchedOptionValue("--" + option.name(), List.<Object>of()).stream()
        .map(String::valueOf)
        .toList();
  }

  private static List<String> listed(DeviceOption option, String given, int count, String what)
      throws UsageException {
    List<String> values = option.listed(given);
    if (values.size() != count) {
      throw new UsageException(
          "--%s=%s has %d for %d %s: list one for each"
              .formatted(option.name(), given, values.size(), count, what));
    }
    return values;
  }

  private static List<String> forEach(String option, List<String> given, int count, String what)
      throws UsageException {
    if (given.size() == count) {
      return given;
    }
    if (given.size() != 1) {
      throw new UsageException(
          (count == 1
                  ? "%s is given %d times for 1 socket: give it once"
                  : "%s is given %d times for %d %s: give it once for all or once for each")
              .formatted(option, given.size(), count, what));
    }
    return Collections.nCopies(count, given.get(0));
  }
}
