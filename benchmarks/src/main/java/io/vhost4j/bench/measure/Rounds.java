package io.vhost4j.bench.measure;

/**
 * How long to measure.
 *
 * @param count number of rounds, each with every subject
 * @param nanos of one subject in one round
 * @param warmUpNanos of one subject before the first round
 */
public record Rounds(int count, long nanos, long warmUpNanos) {
  /** Nanoseconds that one load takes with so many subjects. */
  public long nanosFor(int subjects) {
    return subjects * (warmUpNanos + count * nanos);
  }
}
