package io.vhost4j.device.i2c;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The device {@code i2c}: chips of the host's buses, with the options of the native daemon. */
public final class I2cDeviceProvider implements VirtioDeviceProvider {
  private static final DeviceOption LIST =
      DeviceOption.text(
              "device-list",
              "BUS:ADDR...[,BUS:...]",
              "Chips that guests may use, by the bus of the host, its number or name as 'i2cdetect"
                  + " -l' shows it, and their addresses, decimal or after 0x; the bus '"
                  + I2cDeviceList.SIMULATED
                  + "' needs no hardware, and has EEPROMs at 0x50 to 0x57 and registers elsewhere")
          .aliases("l")
          .requiredTo("say which chips guests may use");

  @Override
  public String name() {
    return "i2c";
  }

  @Override
  public int deviceType() {
    return I2cDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio I2C adapter";
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.COUNTED;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(LIST);
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    VirtioDeviceProvider.super.check(options);
    Map<String, Set<Integer>> unused = I2cDeviceList.parse(options.text(LIST));
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    List<I2cPort> ports = new ArrayList<>();
    try {
      for (Map.Entry<String, Set<Integer>> bus :
          I2cDeviceList.parse(options.text(LIST)).entrySet()) {
        ports.add(port(bus.getKey(), bus.getValue()));
      }
    } catch (IOException e) {
      ports.forEach(I2cPort::close);
      throw new DeviceException(e);
    }
    I2cDevice device = new I2cDevice(options.name(), ports);
    String description =
        "chips of "
            + ports.stream().map(I2cPort::toString).distinct().collect(Collectors.joining(", "));
    return new OpenDevice(device, description, device::meters);
  }

  private static I2cPort port(String name, Set<Integer> addresses) throws IOException {
    I2cBus bus =
        name.equals(I2cDeviceList.SIMULATED)
            ? new SimulatedI2cBus(addresses)
            : new HostI2cBus(name, new I2cAdapters());
    try {
      return new I2cPort(bus, addresses);
    } catch (IOException e) {
      bus.close();
      throw e;
    }
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-i2c-pci";
  }
}
