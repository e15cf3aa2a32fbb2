package io.vhost4j.device.input;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The device {@code input}: event devices of the host, with the options of the native daemon. */
public final class InputDeviceProvider implements VirtioDeviceProvider {
  private static final DeviceOption EVENT_LIST =
      DeviceOption.path(
              "event-list",
              "The device of each socket: /dev/input/eventN of the host, or better one of"
                  + " /dev/input/by-id, whose names stay; or a recording of evemu-record, which is"
                  + " played to each guest, and then what is added to it")
          .aliases("e", "evdev-path")
          .listedBy(",")
          .requiredTo("say which devices");

  private static final DeviceOption GRAB =
      DeviceOption.flag(
          "grab", "Keep the device's events from all other programs while a guest has them");

  private static final DeviceOption LOOP =
      DeviceOption.flag("loop", "Play recordings again and again, a second apart");

  @Override
  public String name() {
    return "input";
  }

  @Override
  public int deviceType() {
    return InputDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio keyboard, mouse, touch screen or the like";
  }

  /** QEMU's schema has {@code no-grab}, too: here nothing is grabbed unless that is asked for. */
  @Override
  public List<String> features() {
    return List.of("evdev-path");
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.COUNTED;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(EVENT_LIST, GRAB, LOOP);
  }

  /** An option that is given once is for those devices that have a use for it, if any has. */
  @Override
  public void checkTogether(List<DeviceOptions> all) throws DeviceOptionException {
    List<Path> grabbed = paths(all, GRAB);
    if (!grabbed.isEmpty() && grabbed.stream().allMatch(Files::isRegularFile)) {
      throw new DeviceOptionException(
          "--grab: %s is a recording, whose events no other program has: leave the option out"
              .formatted(grabbed.get(0)));
    }
    List<Path> looped = paths(all, LOOP);
    if (!looped.isEmpty() && looped.stream().allMatch(InputDeviceProvider::isDevice)) {
      throw new DeviceOptionException(
          "--loop: %s is a device and no recording: leave the option out".formatted(looped.get(0)));
    }
  }

  /** Those for which a flag is on. */
  private static List<Path> paths(List<DeviceOptions> all, DeviceOption flag) {
    return all.stream()
        .filter(options -> options.flag(flag))
        .map(options -> options.path(EVENT_LIST))
        .toList();
  }

  /** Not what is missing here, and may be a recording elsewhere. */
  private static boolean isDevice(Path path) {
    return Files.exists(path) && !Files.isRegularFile(path);
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    Path path = options.path(EVENT_LIST);
    InputDevice device =
        Files.isRegularFile(path)
            ? InputDevice.ofRecording(options.name(), path, options.flag(LOOP))
            : InputDevice.ofEventDevice(options.name(), path, options.flag(GRAB));
    return new OpenDevice(
        device,
        "events of %s (%s)".formatted(path, device.description()),
        tags -> new InputMetrics(device, tags));
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-input-pci";
  }
}
