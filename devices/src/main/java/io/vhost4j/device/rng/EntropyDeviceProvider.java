package io.vhost4j.device.rng;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The device {@code rng}: sources of entropy, with the options of the native daemon. */
public final class EntropyDeviceProvider implements VirtioDeviceProvider {
  /** The longest period of QEMU's own device, too. */
  private static final int MAX_PERIOD_MILLIS = 65536;

  private static final DeviceOption SOURCE =
      DeviceOption.path(
              "rng-source",
              "Where the random bytes come from: a device, a FIFO, or a file, which is read once,"
                  + " from its start to its end; sockets with the same source share it, and each"
                  + " byte goes to one guest")
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

  /** What devices of this process read from, by the identity of the file. */
  private final Map<Object, EntropySource> sources = new HashMap<>();

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
          new EntropyDevice(
              options.name(),
              reader(source, new Quota(maxBytes, Duration.ofMillis(millis), System::nanoTime))),
          description);
    } catch (IOException e) {
      throw new DeviceException(e);
    }
  }

  /** Of the source that a device has already, by whatever name, or of a new one. */
  private synchronized SourceReader reader(Path path, Quota quota) throws IOException {
    Object file =
        Files.exists(path) ? Files.readAttributes(path, BasicFileAttributes.class).fileKey() : path;
    EntropySource source = sources.get(file);
    SourceReader reader = source == null ? null : source.reader(quota);
    while (reader == null) {
      source = EntropySource.of(path);
      sources.put(file, source);
      reader = source.reader(quota);
    }
    return reader;
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-rng-pci";
  }
}
