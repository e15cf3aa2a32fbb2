package io.vhost4j.examples;

import io.vhost4j.device.DeviceException;
import io.vhost4j.device.DeviceOption;
import io.vhost4j.device.DeviceOptions;
import io.vhost4j.device.OpenDevice;
import io.vhost4j.device.VirtioDeviceProvider;
import java.security.SecureRandom;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A device of one's own as a daemon, {@code vhost-device dice --sides=6}: found by {@code
 * META-INF/services/io.vhost4j.device.VirtioDeviceProvider}.
 */
public final class DiceProvider implements VirtioDeviceProvider {
  private static final DeviceOption SIDES =
      DeviceOption.number("sides", "N", "Sides of the dice, 2 to 100", 2, 100).byDefault("6");

  @Override
  public String name() {
    return "dice";
  }

  @Override
  public int deviceType() {
    return RandomNumberDevice.ENTROPY_DEVICE;
  }

  @Override
  public String summary() {
    return "Dice in place of a virtio source of entropy";
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(SIDES);
  }

  @Override
  public OpenDevice open(DeviceOptions options) throws DeviceException {
    check(options);
    int sides = (int) options.number(SIDES);
    SecureRandom random = new SecureRandom();
    RandomGenerator dice = () -> (long) random.nextInt(1, sides + 1) << Integer.SIZE;
    return new OpenDevice(new RandomNumberDevice(dice), "dice with " + sides + " sides");
  }

  @Override
  public String qemuDevice(DeviceOptions options) {
    return "vhost-user-rng-pci";
  }
}
