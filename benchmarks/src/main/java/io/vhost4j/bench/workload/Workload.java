package io.vhost4j.bench.workload;

import io.vhost4j.bench.BenchException;
import io.vhost4j.bench.target.Connection;

/**
 * What a kind of device is given to do: which queue is measured, and buffers for it that need no
 * preparation. All else of the benchmarks knows nothing of devices.
 */
public interface Workload {
  /** Largest payload in bytes. */
  int MAX_PAYLOAD = 64 << 10;

  /** Number of queues that the device needs to run. */
  int queues();

  /** Index of the queue that is measured. */
  int queue();

  /** The payload nearest to {@code bytes} that the device can be given, at least. */
  int payload(int bytes);

  /** Makes the device ready to take buffers. */
  void start(Connection connection) throws BenchException;

  /** Bytes of memory that the chains take. */
  long size(int payload, int count);

  /**
   * Lays out buffers. Where a device has several streams, they take them in turn.
   *
   * @param address where in guest memory they may lie, aligned to a page
   * @param payload bytes in each, a result of {@link #payload}
   * @param count how many
   */
  Chains chains(Connection connection, long address, int payload, int count);
}
