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
import java.util.regex.Pattern;

/** The I2C adapters of the host, by number or by name, as {@code i2cdetect -l} shows them. */
final class I2cAdapters {
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

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
    return isNumber(bus) ? nodes.resolve("i2c-" + bus) : named(bus);
  }

  /**
   * Opens an adapter.
   *
   * @param bus number or name
   * @param node where it was
   * @throws IOException if it is not there or may not be used, with a line that says what to do
   */
  DeviceFile open(String bus, Path node) throws IOException {
    DeviceFile file;
    try {
      file = DeviceFile.open(node);
    } catch (NativeIoException e) {
      throw new IOException(node + advice(e), e);
    }
    try {
      // As long as it is open, no other adapter gets the number.
      if (!isNumber(bus) && !name(node).equals(bus)) {
        throw new IOException("%s is another adapter now: plug '%s' in again".formatted(node, bus));
      }
      return file;
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private static boolean isNumber(String bus) {
    return NUMBER.matcher(bus).matches();
  }

  private String name(Path node) throws IOException {
    return Files.readString(names.resolve(String.valueOf(node.getFileName())).resolve("name"))
        .strip();
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
          String its = name(adapter);
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
