package io.vhost4j.bench.measure;

import io.vhost4j.bench.target.BenchException;

/** Something asked and answered: a call returns when the answer's notification has been seen. */
@FunctionalInterface
public interface RoundTrip {
  /** Asks, and blocks for the answer. Allocates nothing. */
  void run() throws BenchException;
}
