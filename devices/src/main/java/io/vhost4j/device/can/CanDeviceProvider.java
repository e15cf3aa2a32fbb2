package io.vhost4j.device.can;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptionException;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The device {@code can}: CAN controllers, with the options of the native daemon. */
public final class CanDeviceProvider implements VirtioDeviceProvider {
  /** What the name of a wire begins with; no interface has a colon in its name. */
  private static final String PAIR = "pair:";

  private static final DeviceOption INTERFACE =
      DeviceOption.text(
              "can-devices",
              "NAME",
              "The host's CAN interface, such as can0 or vcan0, or a list of them with blanks"
                  + " between, one for each socket. pair:X stands for a wire without an interface:"
                  + " it joins the two sockets that name it")
          .aliases("d")
          .listedBy(" ")
          .requiredTo("name an interface of the host");

  /** The other ends of wires, by their names; null where both are taken. */
  private final Map<String, @Nullable PairBus> ends = new HashMap<>();

  @Override
  public String name() {
    return "can";
  }

  @Override
  public int deviceType() {
    return CanDevice.DEVICE_TYPE;
  }

  @Override
  public String summary() {
    return "A virtio CAN controller";
  }

  @Override
  public SocketOptions socketOptions() {
    return SocketOptions.COUNTED;
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(INTERFACE);
  }

  @Override
  public void check(DeviceOptions options) throws DeviceOptionException {
    VirtioDeviceProvider.super.check(options);
    String name = options.text(INTERFACE);
    if (!name.startsWith(PAIR) && !name.matches("[^/:\\s]{1,15}")) {
      throw new DeviceOptionException(
          "--can-devices=%s: an interface has a name of 1 to 15 letters".formatted(name));
    }
  }

  /** A wire with one end: its frames go to nobody. */
  @Override
  public List<String> warnings(List<DeviceOptions> all) {
    List<String> names = all.stream().map(options -> options.text(INTERFACE)).toList();
    return names.stream()
        .filter(name -> name.startsWith(PAIR) && Collections.frequency(names, name) == 1)
        .map(
            name ->
                "--can-devices: no other card of this process is at the wire %s, so nobody hears"
                        .formatted(name)
                    + " this one: name it for two, as in --can-devices=\"%s %s\""
                        .formatted(name, name))
        .toList();
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    String name = options.text(INTERFACE);
    if (name.startsWith(PAIR)) {
      return opened(options, end(name), "an end of the wire " + name);
    }
    SocketCanBus bus = SocketCanBus.of(name);
    return opened(options, bus, bus.description());
  }

  private synchronized PairBus end(String wire) throws DeviceException {
    if (!ends.containsKey(wire)) {
      PairBus[] both = PairBus.create();
      ends.put(wire, both[1]);
      return both[0];
    }
    PairBus other = ends.put(wire, null);
    if (other == null) {
      throw new DeviceException(wire + " joins two sockets and not three: name another wire");
    }
    return other;
  }

  private static OpenDevice opened(DeviceOptions options, CanBus bus, String description) {
    CanDevice device = new CanDevice(options.name(), bus, CanDevice.SETTLING_MILLIS);
    return new OpenDevice(device, description, tags -> new CanMetrics(device, tags));
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-test-device-pci,virtio-id=%d,num_vqs=3,config_size=2"
        .formatted(CanDevice.DEVICE_TYPE);
  }
}
