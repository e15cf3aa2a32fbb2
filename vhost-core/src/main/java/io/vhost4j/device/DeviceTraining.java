package io.vhost4j.device;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A short life of a kind of device with a guest, from which a program learns what it will need: the
 * daemon's class archive is made of the classes that are loaded meanwhile. Found with {@link
 * java.util.ServiceLoader}; a device works without one, and starts a little slower.
 */
public interface DeviceTraining {
  /** The {@linkplain VirtioDeviceProvider#name() name} of the kind of device. */
  String device();

  /**
   * The devices to train with, each by its {@linkplain DeviceOptions#values() values}.
   *
   * @param directory where they may leave files, which are deleted afterwards
   */
  List<Map<String, String>> devices(Path directory);

  /**
   * Does with one of them what a guest does first. Blocks; not called on an event loop.
   *
   * @param socket where the device is served
   */
  void run(Path socket) throws Exception;
}
