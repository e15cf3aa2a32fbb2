package io.vhost4j.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The programs of i2c-tools and spi-tools in a user-mode Linux, run from the host's file system,
 * and the module that has buses without hardware.
 */
final class BusTools {
  /** Begins a script; it ends at the first command that fails. */
  static final String PRELUDE =
      """
      set -e
      H=/tmp/host
      mkdir -p $H
      mount -t hostfs -o / none $H
      for d in proc sys dev; do mount -o bind /$d $H/$d; done
      """
          + functions();

  private static final String SOURCES = "loopback-adapter/driver/selftests";

  private BusTools() {}

  /** For scripts that have the host's file system at {@code $H} already. */
  static String functions() {
    return """
        i2c() { tool=$1; shift; chroot $H /usr/sbin/i2c$tool "$@" 2>&1; }
        # fails COMMAND...: prints what it says, and ends the script if it succeeds
        fails() { if "$@"; then echo "has not failed: $*"; exit 9; fi; }
        # bus NAME: the number of the I2C adapter with a name that begins so
        bus() { for its in /sys/bus/i2c/devices/i2c-*; do case $(cat $its/name) in "$1"*) echo ${its##*-}; return;; esac; done; return 1; }
        spi_config() { chroot $H /usr/bin/spi-config "$@" 2>&1; }
        spi_pipe() { chroot $H /usr/bin/spi-pipe "$@"; }
        """;
  }

  /** Leaves the module {@code hostbus.ko} in a directory. */
  static void addModule(Path directory, String kernel) throws IOException, InterruptedException {
    addModule(directory, kernel, "hostbus");
  }

  /** Leaves one of the modules for tests in a directory. */
  static void addModule(Path directory, String kernel, String name)
      throws IOException, InterruptedException {
    String module =
        LoopbackGuest.output(
            Daemon.SCRIPTS.resolve("kernel-module.sh"),
            kernel,
            Daemon.SCRIPTS.resolveSibling(SOURCES).resolve(name).toString());
    Files.copy(Path.of(module), directory.resolve(name + ".ko"));
  }
}
