package io.vhost4j.bench.measure;

/**
 * What else a machine did while it measured. Tasks are those that ran or waited for a processor,
 * but for the one that looked.
 *
 * @param averagesBefore the load averages of 1, 5 and 15 minutes before
 * @param tasksBefore tasks before
 * @param looks how often they were counted between turns, when the benchmark itself rests
 * @param tasksBetween the median of these
 * @param mostBetween the most
 * @param averagesAfter the load averages at the end, which the benchmark itself has a part in
 */
public record MachineLoad(
    String averagesBefore,
    int tasksBefore,
    int looks,
    double tasksBetween,
    int mostBetween,
    String averagesAfter) {

  /** In words. */
  @Override
  public String toString() {
    String text =
        "Load average before %s, after %s; other tasks running before: %d"
            .formatted(averagesBefore, averagesAfter, tasksBefore);
    return looks == 0
        ? text
        : text
            + ", at %d looks between turns: %.0f in the median, %d at most"
                .formatted(looks, tasksBetween, mostBetween);
  }
}
