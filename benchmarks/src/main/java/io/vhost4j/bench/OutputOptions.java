package io.vhost4j.bench;

import io.vhost4j.bench.report.Json;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Table;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options of every measurement: how serious it is, and where the results go. */
class OutputOptions {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  CommandSpec spec;

  @Option(
      names = "--quick",
      description = "A second or two in all, to see that it works; the numbers are worth nothing.")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the results to this file.")
  private @Nullable Path json;

  boolean quick() {
    return quick;
  }

  /** Prints a table, and writes the results where the user wants them, if anywhere. */
  void show(Table table, Map<String, ?> results) throws BenchException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(table);
    out.flush();
    if (json != null) {
      Map<String, Object> all = new LinkedHashMap<>(Map.of("machine", Machine.here()));
      all.putAll(results);
      write(json, Json.of(all) + "\n");
    }
  }

  /** Writes a file of results. */
  static void write(Path file, String text) throws BenchException {
    try {
      Path directory = file.toAbsolutePath().getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new BenchException("cannot write %s: %s".formatted(file, e.getMessage()), e);
    }
  }
}
