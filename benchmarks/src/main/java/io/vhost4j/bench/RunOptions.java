package io.vhost4j.bench;

import io.vhost4j.bench.measure.Rounds;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that say for how long. */
final class RunOptions extends RoundOptions {
  private static final double SECOND = 1e9;
  private static final long QUICK_NANOS = 30_000_000;

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

  Rounds rounds() {
    if (!(seconds > 0) || !(warmUp >= 0)) {
      throw new ParameterException(
          spec.commandLine(), "--seconds must be above 0, and --warm-up not below");
    }
    int count = roundCount();
    return quick()
        ? new Rounds(count, QUICK_NANOS, QUICK_NANOS)
        : new Rounds(count, (long) (seconds * SECOND), (long) (warmUp * SECOND));
  }
}
