package io.vhost4j.bench;

import io.vhost4j.bench.measure.Rounds;
import io.vhost4j.bench.measure.Turns;
import java.util.Random;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that say for how long, and in which order. */
final class RunOptions extends RoundOptions {
  private static final double SECOND = 1e9;
  private static final long QUICK_NANOS = 30_000_000;
  private static final int SEEDS = 1_000_000;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description =
          "Length of a subject's turn in a round (default: 5 where buffers are sent at a rate, 2"
              + " for scale, else 0.5).")
  private @Nullable Double seconds;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      defaultValue = "1",
      description =
          "Time that each subject runs before the first round (default: ${DEFAULT-VALUE}).")
  private double warmUp = 1;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Decides the order in which subjects take turns, another in each round (default: drawn,"
              + " and told).")
  private long seed = new Random().nextInt(SEEDS);

  /**
   * How long to measure.
   *
   * @param usualSeconds of a turn, if the user does not say
   */
  Rounds rounds(double usualSeconds) {
    double turn = seconds == null ? usualSeconds : seconds;
    if (!(turn > 0) || !(warmUp >= 0)) {
      throw new ParameterException(
          spec.commandLine(), "--seconds must be above 0, and --warm-up not below");
    }
    int count = roundCount();
    return quick()
        ? new Rounds(count, QUICK_NANOS, QUICK_NANOS)
        : new Rounds(count, (long) (turn * SECOND), (long) (warmUp * SECOND));
  }

  /** The same rounds as arguments for another run of this program. */
  String asArguments(double usualSeconds) {
    Rounds rounds = rounds(usualSeconds);
    return "--rounds %d --seconds %s --warm-up %s --seed %d"
        .formatted(rounds.count(), rounds.nanos() / SECOND, rounds.warmUpNanos() / SECOND, seed);
  }

  /**
   * The order of subjects.
   *
   * @param passed told of the nanoseconds of each turn when it is over
   */
  Turns turns(LongConsumer passed) {
    return new Turns(seed, watch(), passed);
  }

  @Override
  String conduct() {
    return "%d rounds; the order of subjects in each was drawn with --seed %d. Figures are medians of"
            .formatted(roundCount(), seed)
        + " the rounds, in brackets the range of the middle half.";
  }
}
