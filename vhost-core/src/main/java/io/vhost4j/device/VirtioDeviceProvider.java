package io.vhost4j.device;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A kind of virtio device, found with {@link java.util.ServiceLoader}: others add one by putting a
 * jar on the class path, and it is a program {@code vhost-device-NAME} with the options that the
 * provider names.
 *
 * <p>Any thread that may block. To make a provider costs nothing; programs make all of them to find
 * one.
 */
public interface VirtioDeviceProvider {
  /**
   * The name that users choose it by, lower case with dashes, for example {@code rng}: that of the
   * program, and the type in its capabilities, for which vhost-user has a list of names.
   */
  String name();

  /** The virtio device type, as of {@link VirtioDevice#deviceType()}. */
  int deviceType();

  /** What it is, in one line for help texts, for example {@code A virtio sound card}. */
  String summary();

  /**
   * What {@code --print-capabilities} tells beside the type: words that vhost-user's schema has for
   * devices of this type, such as {@code no-grab} for {@code input}. None for types of which it has
   * no words.
   */
  default List<String> features() {
    return List.of();
  }

  /**
   * Whether some of its devices have simulated hardware, {@link OpenDevice#control()}: programs
   * then have an option for a way to it.
   */
  default boolean hasControl() {
    return false;
  }

  /** Further ways to tell a daemon its sockets: those of the native daemon, if there is one. */
  default SocketOptions socketOptions() {
    return SocketOptions.LONG;
  }

  /** The options that {@link #open} understands, in the order of the help text. */
  default List<DeviceOption> options() {
    return List.of();
  }

  /**
   * Checks options as far as that can be done without the host: at once, so that a command line can
   * be refused before anything is opened. Devices whose options depend on each other add to it.
   *
   * @throws DeviceOptionException if there is no such option, one is missing, or it does not take
   *     the value
   */
  default void check(DeviceOptions options) throws DeviceOptionException {
    List<DeviceOption> known = options();
    for (DeviceOption option : known) {
      option.checkIn(options.values());
    }
    for (Map.Entry<String, String> given : options.values().entrySet()) {
      if (known.stream().noneMatch(option -> option.name().equals(given.getKey()))) {
        throw new DeviceOptionException(
            "the device %s has no option '%s': it has %s"
                .formatted(
                    name(),
                    given.getKey(),
                    known.stream().map(DeviceOption::name).collect(Collectors.joining(", "))));
      }
    }
  }

  /**
   * Checks what all devices of a process are given, each of which has been {@linkplain #check
   * checked}: whether several want something that there is once, or an option is of use to none.
   *
   * @param all those of this kind, in their order
   * @throws DeviceOptionException if they cannot be had together
   */
  default void checkTogether(List<DeviceOptions> all) throws DeviceOptionException {}

  /**
   * What is given to no effect and is no reason to refuse it, as programs log it when they start.
   *
   * @param all those of this kind, in their order, which have been {@linkplain #checkTogether
   *     checked}
   * @return a line for each, which says what to do
   */
  default List<String> warnings(List<DeviceOptions> all) {
    return List.of();
  }

  /**
   * Makes a device ready to be served. May block; not called on an event loop.
   *
   * @throws DeviceOptionException if {@link #check} finds something wrong with the options
   * @throws DeviceException if what the device stands on is not to be had
   */
  OpenDevice open(DeviceOptions options) throws DeviceException;

  /**
   * QEMU's name of the device and its properties but for {@code chardev}, as they go to {@code
   * -device}: for example {@code vhost-user-rng-pci}. Devices that QEMU does not know by name are
   * {@code vhost-user-test-device-pci,virtio-id=ID,num_vqs=QUEUES,config_size=BYTES}.
   */
  String qemuDevice(DeviceOptions options);

  /** How a daemon is told its sockets, beside {@code --socket=PATH} and {@code --socket-fd=N}. */
  enum SocketOptions {
    /** {@code --socket-path PATH} is another name of {@code --socket}. */
    LONG,
    /** The same, and {@code -s PATH} too. */
    SHORT,
    /**
     * {@code -s PATH} or {@code --socket-path PATH}, given once, with {@code -c N} or {@code
     * --socket-count N}, is a prefix: the sockets are PATH0 to PATH(N-1), also if N is 1. Without
     * it there are as many as a {@linkplain DeviceOption#listedBy list} has values, or one.
     */
    COUNTED
  }
}
