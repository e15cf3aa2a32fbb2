package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;
import java.util.OptionalLong;

/** What is measured beside others: a backend, or the floor. One thread. */
public interface Subject extends AutoCloseable {
  /** Its name in tables. */
  String name();

  /** Its process, if it has one of its own. */
  OptionalLong pid();

  /**
   * Round trips of a buffer, one at a time.
   *
   * @param payload bytes in it
   */
  RoundTrip roundTrip(int payload);

  /**
   * Keeps {@code window} buffers under way for some time.
   *
   * @param payload bytes in each
   */
  Flow flow(int payload, int window, long nanos) throws BenchException;

  /** A turn is over, and nothing under way: what it left behind that would grow and grow can go. */
  default void rest() throws BenchException {}

  @Override
  void close();
}
