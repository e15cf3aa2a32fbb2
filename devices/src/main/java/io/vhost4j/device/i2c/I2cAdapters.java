package io.vhost4j.device.i2c;

import io.vhost4j.nativeio.DeviceFile;
import io.vhost4j.nativeio.Errno;
import io.vhost4j.nativeio.NativeIoException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The I2C adapters of the host, by number or by name, as {@code i2cdetect -l} shows them. */
final class I2cAdapters {
  private final Path nodes;
  private final Path names;

  /** Those of this machine. */
  I2cAdapters() {
    this(Path.of("/dev"), Path.of("/sys/bus/i2c/devices"));
  }

  /**
   * @param nodes has {@code i2c-N}
   * @param names has {@code i2c-N/name}
   */
  I2cAdapters(Path nodes, Path names) {
    this.nodes = nodes;
    this.names = names;
  }

  /**
   * The device node of an adapter, which is there or not.
   *
   * @param bus number or name
   * @throws IOException if no adapter has the name, or several have, with a line that says what to
   *     do
   */
  Path node(String bus) throws IOException {
    return bus.matches("[0-9]+") ? nodes.resolve("i2c-" + bus) : named(bus);
  }

  /**
   * Opens an adapter.
   *
   * @throws IOException if it is not there or may not be used, with a line that says what to do
   */
  DeviceFile open(Path node) throws IOException {
    try {
      return DeviceFile.open(node);
    } catch (NativeIoException e) {
      throw new IOException(node + advice(e), e);
    }
  }

  private static String advice(NativeIoException failure) {
    return switch (failure.errno()) {
      case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV ->
          " is not there: load the module i2c-dev, and look at 'i2cdetect -l'";
      case Errno.EACCES, Errno.EPERM ->
          " may not be opened by this user: add him to the group of the file, or let udev allow it";
      default -> " cannot be opened: " + failure.getMessage();
    };
  }

  private Path named(String name) throws IOException {
    List<Path> found = new ArrayList<>();
    List<String> all = new ArrayList<>();
    if (Files.isDirectory(names)) {
      try (DirectoryStream<Path> adapters = Files.newDirectoryStream(names, "i2c-[0-9]*")) {
        for (Path adapter : adapters) {
          String its = Files.readString(adapter.resolve("name")).strip();
          all.add(its);
          if (its.equals(name)) {
            found.add(nodes.resolve(String.valueOf(adapter.getFileName())));
          }
        }
      }
    }
    if (found.size() == 1) {
      return found.get(0);
    }
    throw new IOException(
        found.isEmpty()
            ? "there is no I2C adapter '%s': the host has %s"
                .formatted(name, all.isEmpty() ? "none" : String.join(", ", all))
            : "there are %d I2C adapters '%s': give the number of one, as 'i2cdetect -l' shows it"
                .formatted(found.size(), name));
  }
}
