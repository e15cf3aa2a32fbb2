package io.vhost4j.device.rng;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The device {@code rng}: sources of entropy, with the options of the native daemon. */
public final class EntropyDeviceProvider implements VirtioDeviceProvider {
  /** The longest period of QEMU's own device, too. */
  private static final int MAX_PERIOD_MILLIS = 65536;

  private static final DeviceOption SOURCE =
      DeviceOption.path(
              "rng-source",
              "Where the random bytes come from: a device, a FIFO or a file; a regular file is for"
                  + " tests, as each guest gets the same bytes of it")
          .aliases("f", "filename")
          .byDefault("/dev/urandom");

  private static final DeviceOption PERIOD =
      DeviceOption.number(
              "period",
              "MS",
              "Length of a period in milliseconds, for --max-bytes",
              1,
              MAX_PERIOD_MILLIS)
          .inUnitsOf("milliseconds")
          .aliases("p")
          .byDefault(String.valueOf(MAX_PERIOD_MILLIS));

  private static final DeviceOption MAX_BYTES =
      DeviceOption.number(
              "max-bytes",
              "N",
              "Bytes that all devices together give in each period at most, each its part (default:"
                  + " no limit)",
              1,
              Long.MAX_VALUE)
          .aliases("m")
          .perProcess();

  @Override
  public String name() {
    return "rng";
  }

  @Override
  public int deviceType() {
    return EntropyDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio source of entropy";
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.COUNTED;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(SOURCE, PERIOD, MAX_BYTES);
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    VirtioDeviceProvider.super.check(options);
    if (maxBytes(options) == 0) {
      throw new DeviceOptionException(
          "--max-bytes=%s is not even a byte for each of %d sockets: give more"
              .formatted(options.text(MAX_BYTES), options.devices()));
    }
  }

  /** The part of one device: the limit is for the sake of the source, which the devices share. */
  private static long maxBytes(DeviceOptions options) {
    return options.has(MAX_BYTES) ? options.number(MAX_BYTES) / options.devices() : Long.MAX_VALUE;
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    Path source = options.path(SOURCE);
    long maxBytes = maxBytes(options);
    long millis = options.number(PERIOD);
    String description =
        options.has(MAX_BYTES)
            ? "bytes of %s, up to %d in each %d ms".formatted(source, maxBytes, millis)
            : "bytes of " + source;
    try {
      return new OpenDevice(
          new EntropyDevice(options.name(), source, maxBytes, Duration.ofMillis(millis)),
          description);
    } catch (IOException e) {
      throw new DeviceException(e);
    }
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-rng-pci";
  }
}
