package io.vhost4j.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel says of this process's memory. */
public final class Maps {
  private Maps() {}

  /** Number of mappings of memory files of the given name. */
  public static long count(String memfdName) throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("/memfd:" + memfdName + " ")).count();
    }
  }
}
