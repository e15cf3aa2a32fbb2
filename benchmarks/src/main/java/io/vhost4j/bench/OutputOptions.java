package io.vhost4j.bench;

import io.vertx.core.json.Json;
import io.vhost4j.bench.measure.LoadWatch;
import io.vhost4j.bench.report.Machine;
import io.vhost4j.bench.report.Summary;
import io.vhost4j.bench.report.Table;
import io.vhost4j.bench.target.BenchException;
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

  private final LoadWatch watch = new LoadWatch();

  boolean quick() {
    return quick;
  }

  /** What else the machine does. */
  LoadWatch watch() {
    return watch;
  }

  /** How it was measured, in a line, empty if there is nothing to tell. */
  String conduct() {
    return "";
  }

  /**
   * Prints a table and how it came about, and writes the results where the user wants them, if
   * anywhere.
   */
  void show(Table table, Map<String, ?> results) throws BenchException {
    PrintWriter out = spec.commandLine().getOut();
    if (quick) {
      out.println(Summary.QUICK);
    }
    out.println(table);
    if (!conduct().isEmpty()) {
      out.println(conduct());
    }
    out.println(watch.seen());
    out.flush();
    if (json != null) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("machine", Machine.here());
      all.put("load", watch.seen());
      all.put("quick", quick);
      all.put("conduct", conduct());
      all.putAll(results);
      write(json, Json.encodePrettily(all) + "\n");
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
