package io.vhost4j.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The host's program evtest, which needs nothing but the C library that guests have. */
final class Evtest {
  private Evtest() {}

  /** Puts it into a directory that a guest shares. */
  static void copyTo(Path directory) throws IOException {
    Path program = Path.of("/usr/bin/evtest");
    if (!Files.exists(program)) {
      throw new AssertionError("no evtest: scripts/install-deps.sh test installs it");
    }
    Path copy = Files.copy(program, directory.resolve("evtest"));
    if (!copy.toFile().setExecutable(true)) {
      throw new IOException(copy + " cannot be made executable");
    }
  }
}
