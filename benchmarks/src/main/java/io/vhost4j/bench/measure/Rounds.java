package io.vhost4j.bench.measure;

/**
 * How long to measure.
 *
 * @param count number of rounds, each with every subject
 * @param nanos of one subject in one round
 * @param warmUpNanos of one subject before the first round
 */
public record Rounds(int count, long nanos, long warmUpNanos) {
  /** Nanoseconds that so many subjects take, each with so many loads. */
  public long nanosFor(int subjects, int loads) {
    return (long) loads * subjects * (warmUpNanos + count * nanos);
  }
}
