package io.vhost4j.device.spi;

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
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The device {@code spi}: chips of the host, with the options of the native daemon. */
public final class SpiDeviceProvider implements VirtioDeviceProvider {
  /** The name of a chip without hardware. */
  private static final String SIMULATED = "sim";

  private static final int MAX_CHIPS = 255;

  private static final DeviceOption CHIPS =
      DeviceOption.text(
              "chips",
              "FILE[,FILE...]",
              "Chips of the host, such as /dev/spidev0.0, for chip selects 0, 1 ...; the chip '"
                  + SIMULATED
                  + "' needs no hardware, and gives back what is written to it")
          .aliases("device", "l")
          .requiredTo("say which chips guests may use");

  @Override
  public String name() {
    return "spi";
  }

  @Override
  public int deviceType() {
    return SpiDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio SPI controller";
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
    List<String> chips = chips(options);
    if (chips.contains("")) {
      throw new DeviceOptionException(
          "--chips=%s: give the path of a spidev, or several with commas between them"
              .formatted(options.text(CHIPS)));
    }
    if (chips.size() > MAX_CHIPS) {
      throw new DeviceOptionException(
          "--chips has %d: possible are %d".formatted(chips.size(), MAX_CHIPS));
    }
  }

  private static List<String> chips(DeviceOptions options) {
    return Stream.of(options.text(CHIPS).split(",", -1)).map(String::strip).toList();
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    List<SpiPort> ports = new ArrayList<>();
    try {
      for (String name : chips(options)) {
        ports.add(port(name));
      }
      SpiAbilities abilities =
          ports.stream().map(SpiPort::abilities).reduce(SpiAbilities::and).orElseThrow();
      if (!abilities.areEnough()) {
        throw new IOException(
            "the chips %s have no mode or no word size in common: give each a daemon of its own"
                .formatted(options.text(CHIPS)));
      }
      SpiDevice device = new SpiDevice(options.name(), ports, abilities);
      String description =
          ports.stream().map(SpiPort::toString).collect(Collectors.joining(", "))
              + "; up to %s Hz".formatted(Integer.toUnsignedString(abilities.maxHertz()));
      return new OpenDevice(device, description, device::meters);
    } catch (IOException e) {
      ports.forEach(SpiPort::close);
      throw new DeviceException(e);
    }
  }

  private static SpiPort port(String name) throws IOException {
    SpiChip chip = name.equals(SIMULATED) ? new SimulatedSpiChip() : new HostSpiChip(Path.of(name));
    try {
      return new SpiPort(chip);
    } catch (IOException e) {
      chip.close();
      throw e;
    }
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-spi-pci";
  }
}
