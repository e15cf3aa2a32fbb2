package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.ParseResult;

/** How options are dealt out to devices: given once for all, or once for each in their order. */
final class Dealing {
  private final ParseResult result;
  private final String what;

  /**
   * @param what the devices stand in the order of, for people: {@code sockets}, for example
   */
  Dealing(ParseResult result, String what) {
    this.result = result;
    this.what = what;
  }

  /** What each device is given of some options, which are checked. */
  List<Map<String, String>> dealt(List<DeviceOption> options, int count)
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
    List<String> given = given(result, option);
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
      requireOnce(name, given);
    }
    String of =
        condition == null
            ? what
            : "%s whose --%s has it".formatted(what, condition.option().name());
    List<String> values =
        given.size() == 1 && !option.separator().isEmpty()
            ? listed(option, given.get(0), takers.size(), of)
            : forEach(name, given, takers.size(), of);
    for (int i = 0; i < takers.size(); i++) {
      takers.get(i).put(option.name(), values.get(i));
    }
  }

  /** What the user has given of an option, each time. */
  static List<String> given(ParseResult result, DeviceOption option) {
    return result.matchedOptionValue("--" + option.name(), List.<Object>of()).stream()
        .map(String::valueOf)
        .toList();
  }

  /**
   * What is given for each of {@code count}: once for all, or once for each.
   *
   * @param of what there are {@code count} of
   */
  <T> List<T> forEach(String option, List<T> given, int count, String of) throws UsageException {
    if (given.size() == count) {
      return given;
    }
    if (given.size() != 1) {
      throw new UsageException(
          (count == 1
                  ? "%s is given %d times for %d %s: give it once"
                  : "%s is given %d times for %d %s: give it once for all or once for each")
              .formatted(option, given.size(), count, count == 1 ? one() : of));
    }
    return Collections.nCopies(count, given.get(0));
  }

  private String one() {
    return what.substring(0, what.length() - 1);
  }

  private static List<String> listed(DeviceOption option, String given, int count, String of)
      throws UsageException {
    List<String> values = option.listed(given);
    if (values.size() != count) {
      throw new UsageException(
          "--%s=%s has %d for %d %s: list one for each"
              .formatted(option.name(), given, values.size(), count, of));
    }
    return values;
  }

  private static void requireOnce(String option, List<String> given) throws UsageException {
    if (given.size() > 1) {
      throw new UsageException(
          "%s is given %d times: give it once".formatted(option, given.size()));
    }
  }
}
