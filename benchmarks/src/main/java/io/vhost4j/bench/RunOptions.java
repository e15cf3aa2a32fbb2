package io.vhost4j.bench;

import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.report.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that say for how long, and where the results go. */
final class RunOptions {
  private static final double SECOND = 1e9;
  private static final Rounds QUICK = new Rounds(2, 30_000_000, 30_000_000);

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Rounds, each with every subject (default: ${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "0.5",
      description = "Length of a subject's turn in a round (default: ${DEFAULT-VALUE}).")
  private double seconds = 0.5;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      defaultValue = "1",
      description =
          "Time that each subject runs before the first round (default: ${DEFAULT-VALUE}).")
  private double warmUp = 1;

  @Option(
      names = "--quick",
      description = "A second or two in all, to see that it works; the numbers are worth nothing.")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the results to this file.")
  private @Nullable Path json;

  boolean quick() {
    return quick;
  }

  Rounds rounds() {
    if (quick) {
      return QUICK;
    }
    if (rounds < 1 || !(seconds > 0) || !(warmUp >= 0)) {
      throw new ParameterException(
          spec.commandLine(), "--rounds, --seconds and --warm-up must be above 0");
    }
    return new Rounds(rounds, (long) (seconds * SECOND), (long) (warmUp * SECOND));
  }

  /** Writes results where the user wants them, if anywhere. */
  void write(Map<String, ?> results) throws BenchException {
    if (json == null) {
      return;
    }
    try {
      Files.writeString(json, Json.of(results) + "\n");
    } catch (IOException e) {
      throw new BenchException("cannot write %s: %s".formatted(json, e.getMessage()), e);
    }
  }
}
