package io.vhost4j.device.gpio;

import io.vhost4j.device.DeviceControl;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The device {@code gpio}: chips of the host and simulated ones, with the native daemon's option.
 */
public final class GpioDeviceProvider implements VirtioDeviceProvider {
  /** Most lines that are simulated. */
  private static final int MOST = 1024;

  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,6}");
  private static final Pattern SIMULATED = Pattern.compile("s([0-9]{1,6})(?:=(.*))?");
  private static final Pattern NAMES = Pattern.compile("[!-~]{0,31}");

  private static final DeviceOption CHIPS =
      DeviceOption.text(
              "device-list",
              "CHIP[:CHIP...]",
              "The chip of each socket: N or a path for /dev/gpiochipN or that file, sN for N"
                  + " simulated lines, sN=NAME,NAME... for ones with names")
          .aliases("l")
          .listedBy(":")
          .requiredTo("say which chip");

  @Override
  public String name() {
    return "gpio";
  }

  @Override
  public int deviceType() {
    return GpioDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "Virtio GPIO lines";
  }

  @Override
  public boolean hasControl() {
    return true;
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.COUNTED;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(CHIPS);
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    VirtioDeviceProvider.super.check(options);
    String chip = options.text(CHIPS);
    Matcher simulated = SIMULATED.matcher(chip);
    if (simulated.matches()) {
      List<String> unused = names(chip, simulated);
    } else if (!NUMBER.matcher(chip).matches() && !chip.startsWith("/")) {
      throw new DeviceOptionException(
          "--device-list=%s is no chip: give a number, such as 0 for /dev/gpiochip0, a path, or sN"
                  .formatted(chip)
              + " for N simulated lines");
    }
  }

  /** The names of simulated lines: sim0, sim1 and so on where none is given. */
  private static List<String> names(String chip, Matcher simulated) throws DeviceOptionException {
    int count = Integer.parseInt(simulated.group(1));
    if (count < 1 || count > MOST) {
      throw new DeviceOptionException(
          "--device-list=%s: possible are 1 to %d simulated lines".formatted(chip, MOST));
    }
    List<String> names = new ArrayList<>();
    String given = simulated.group(2);
    if (given != null) {
      names.addAll(List.of(given.split(",", -1)));
    }
    if (names.size() > count) {
      throw new DeviceOptionException(
          "--device-list=%s has %d names for %d lines".formatted(chip, names.size(), count));
    }
    for (String name : names) {
      if (!NAMES.matcher(name).matches()
          || NUMBER.matcher(name).matches()
          || (!name.isEmpty() && names.indexOf(name) != names.lastIndexOf(name))) {
        throw new DeviceOptionException(
            "--device-list=%s: '%s' is no name: give each line another one, up to 31 letters"
                .formatted(chip, name));
      }
    }
    while (names.size() < count) {
      names.add(given == null ? "sim" + names.size() : "");
    }
    return names;
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    String text = options.text(CHIPS);
    Matcher simulated = SIMULATED.matcher(text);
    if (simulated.matches()) {
      SimulatedChip chip = new SimulatedChip(names(text, simulated));
      return opened(options, chip, "simulated lines", chip);
    }
    Path path = Path.of(NUMBER.matcher(text).matches() ? "/dev/gpiochip" + text : text);
    return opened(options, HostChip.open(path), "lines of " + path, null);
  }

  private static OpenDevice opened(
      DeviceOptions options, GpioChip chip, String what, @Nullable DeviceControl control)
      throws DeviceException {
    try {
      GpioDevice device = new GpioDevice(options.name(), new GpioPort(chip));
      return new OpenDevice(device, chip.names().size() + " " + what, device::meters, control);
    } catch (IOException e) {
      chip.close();
      throw new DeviceException(e);
    }
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-gpio-pci";
  }
}
