package io.vhost4j.daemon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process holds of the system, as /proc has it.
 *
 * @param descriptors open descriptors
 * @param guestMappings mappings of memory that frontends gave
 * @param mappings of other memory that no file of the disk is behind, the JVM's own growth
 * @param threads but those of the compiler, which come and go as it likes
 */
record ProcessResources(long descriptors, long guestMappings, long mappings, long threads) {

  static ProcessResources of(long pid) throws IOException {
    Path proc = Path.of("/proc", Long.toString(pid));
    List<String> maps = Files.readAllLines(proc.resolve("maps"));
    long guest = maps.stream().filter(line -> line.contains("memfd:")).count();
    return new ProcessResources(
        count(proc.resolve("fd")), guest, maps.size() - guest, threads(proc.resolve("task")));
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }

  private static long threads(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(task -> !isCompiler(task)).count();
    }
  }

  private static boolean isCompiler(Path task) {
    try {
      return Files.readString(task.resolve("comm")).contains("CompilerThre");
    } catch (NoSuchFileException e) {
      return true; // it has just ended
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
