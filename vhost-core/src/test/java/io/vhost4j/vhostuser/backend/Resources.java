package io.vhost4j.vhostuser.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What this process holds, according to the kernel. */
record Resources(Map<String, Integer> descriptors, long memoryMappings) {
  /** What the virtual machine and JNA open when they feel like it, and keep. */
  private static final String THE_RUNTIMES_OWN =
      "/proc/.*|/sys/.*|.*\\.jar|.*\\.class|.*/lib/.*|/dev/.*random|.*/ffi.*|.*/modules";

  /** Descriptors by kind, and mappings of memory files. */
  static Resources held() throws IOException {
    return new Resources(descriptorsByKind(), mappings());
  }

  /**
   * Fewer are right: what a former frontend gave is closed by another thread, maybe a moment after
   * {@code before} was taken.
   */
  void assertNoMoreThan(Resources before) {
    assertThat(descriptors)
        .allSatisfy(
            (kind, count) ->
                assertThat(count)
                    .as("%s, of %s", kind, before)
                    .isLessThanOrEqualTo(before.descriptors.getOrDefault(kind, 0)));
    assertThat(memoryMappings).isLessThanOrEqualTo(before.memoryMappings);
  }

  private static Map<String, Integer> descriptorsByKind() throws IOException {
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
    return kinds;
  }

  private static long mappings() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("/memfd:")).count();
    }
  }
}
