package io.vhost4j.bench.measure;

/** Told how far a measurement has come. */
@FunctionalInterface
public interface Steps {
  /**
   * Some of the time has passed that the measurement was announced to take.
   *
   * @param nanos of measuring done since the last call
   */
  void passed(long nanos);
}
