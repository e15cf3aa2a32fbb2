package io.vhost4j.daemon;

import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.VirtioDeviceProvider;
import io.vhost4j.engine.Polling;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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

  static final DeviceOption CONTROL =
      DeviceOption.path(
          "control",
          "Unix socket at which simulated hardware can be worked by hand: one command a line,"
              + " 'help' tells them; of several devices each has its own");

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
      Dealing dealing = new Dealing(result, "sockets");
      List<Map<String, String>> engine = dealing.dealt(List.of(POLL_US, CONTROL), sockets.size());
      List<Map<String, String>> own = dealing.dealt(provider.options(), sockets.size());
      List<DeviceSetup> devices = new ArrayList<>();
      for (int i = 0; i < sockets.size(); i++) {
        DeviceOptions options = new DeviceOptions(names.get(i), i, sockets.size(), own.get(i));
        provider.check(options);
        String control = CONTROL.in(engine.get(i));
        if (!control.isEmpty() && i > 0 && control.equals(CONTROL.in(engine.get(i - 1)))) {
          throw new UsageException(
              "--control=%s is one socket: give --control once for each of %d devices"
                  .formatted(control, sockets.size()));
        }
        devices.add(
            new DeviceSetup(
                options,
                sockets.get(i),
                polling(POLL_US.in(engine.get(i))),
                control.isEmpty() ? null : Path.of(control)));
      }
      provider.checkTogether(devices.stream().map(DeviceSetup::options).toList());
      return devices;
    } catch (DeviceOptionException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  static Polling polling(String micros) {
    return micros.isEmpty()
        ? Polling.whileItPays()
        : Polling.upTo(Duration.ofNanos(1000 * Long.parseLong(micros)));
  }

  /**
   * Those that the user gives, or those of the sockets, so that a device has its own in every run.
   */
  private List<String> names(List<ListenSocket> sockets) throws UsageException {
    List<String> names = new ArrayList<>(Dealing.given(result, NAME));
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
}
