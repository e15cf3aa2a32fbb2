package io.vhost4j.device.rtc;

import io.micrometer.core.instrument.FunctionCounter;
import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The device {@code rtc}: the clocks of this machine, with the options of the native daemon. */
public final class RtcDeviceProvider implements VirtioDeviceProvider {
  private static final DeviceOption NO_ALARM =
      DeviceOption.flag("no-offer-alarm", "Without alarms");

  private static final DeviceOption NO_UTC =
      DeviceOption.flag("no-utc", "Without UTC, which is two clocks: smeared, and as the host's");

  private static final DeviceOption NO_TAI = DeviceOption.flag("no-tai", "Without TAI");

  private static final DeviceOption NO_MONOTONIC =
      DeviceOption.flag("no-monotonic", "Without the monotonic clock");

  @Override
  public String name() {
    return "rtc";
  }

  @Override
  public int deviceType() {
    return RtcDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio real-time clock, with alarms";
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.SHORT;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(NO_ALARM, NO_UTC, NO_TAI, NO_MONOTONIC);
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    VirtioDeviceProvider.super.check(options);
    if (clocks(options).isEmpty()) {
      throw new DeviceOptionException(
          "--no-utc, --no-tai and --no-monotonic leave no clock: give fewer of them");
    }
  }

  /** In the native daemon's order, by which guests number them, and what it has not last. */
  private static List<HostClock> clocks(DeviceOptions options) {
    List<HostClock> clocks = new ArrayList<>();
    if (!options.flag(NO_UTC)) {
      clocks.add(HostClock.SMEARED_UTC);
    }
    if (!options.flag(NO_TAI)) {
      clocks.add(HostClock.TAI);
    }
    if (!options.flag(NO_MONOTONIC)) {
      clocks.add(HostClock.MONOTONIC);
    }
    if (!options.flag(NO_UTC)) {
      clocks.add(HostClock.UTC);
    }
    return clocks;
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    List<HostClock> clocks = clocks(options);
    boolean alarms = !options.flag(NO_ALARM);
    RtcDevice device = new RtcDevice(options.name(), clocks, alarms);
    String description =
        "clocks %s, %s alarms"
            .formatted(
                clocks.stream().map(HostClock::label).collect(Collectors.joining(", ")),
                alarms ? "with" : "without");
    return new OpenDevice(
        device,
        description,
        tags ->
            registry ->
                FunctionCounter.builder("vhost.rtc.alarms", device, RtcDevice::expirations)
                    .description("alarms that have expired")
                    .tags(tags.and("device", device.name()))
                    .register(registry));
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-rtc-pci";
  }
}
