package io.vhost4j.bench;

import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of what is measured in rounds. */
class RoundOptions extends OutputOptions {
  private static final int QUICK_ROUNDS = 2;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Rounds, each with every subject (default: ${DEFAULT-VALUE}).")
  private int rounds = 5;

  int roundCount() {
    if (rounds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--rounds=%d: give 1 or more".formatted(rounds));
    }
    return quick() ? QUICK_ROUNDS : rounds;
  }
}
