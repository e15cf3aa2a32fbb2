package io.vhost4j.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What this process holds, according to the kernel: descriptors by kind, and mapped memory files.
 */
record Held(Map<String, Integer> descriptors, long memoryMappings) {
  /** What the virtual machine and JNA open when they feel like it, and keep. */
  private static final String THE_RUNTIMES_OWN =
      "/proc/.*|/sys/.*|.*\\.jar|.*\\.class|.*/lib/.*|/dev/.*random|.*/ffi.*|.*/modules";

  static Held now() throws IOException {
    Map<String, Integer> kinds = new TreeMap<>();
    try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
      list.forEach(
          fd -> {
            try {
              String kind = Files.readSymbolicLink(fd).toString().replaceAll(":\\[\\d+]", "");
              if (!kind.matches(THE_RUNTIMES_OWN)) {
                kinds.merge(kind, 1, Integer::sum);
              }
            } catch (IOException e) {
              // closed meanwhile: the descriptor of this very listing
            }
          });
    }
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return new Held(kinds, lines.filter(line -> line.contains("/memfd:")).count());
    }
  }

  /** What is held in excess of {@code before}; empty if nothing is. */
  String inExcessOf(Held before) {
    StringBuilder excess = new StringBuilder();
    descriptors.forEach(
        (kind, count) -> {
          int more = count - before.descriptors.getOrDefault(kind, 0);
          if (more > 0) {
            excess.append(more).append(" descriptors of ").append(kind).append("; ");
          }
        });
    if (memoryMappings > before.memoryMappings) {
      excess.append(memoryMappings - before.memoryMappings).append(" mappings of guest memory; ");
    }
    return excess.toString();
  }
}
