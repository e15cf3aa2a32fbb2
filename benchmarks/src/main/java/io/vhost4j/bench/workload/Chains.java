package io.vhost4j.bench.workload;

import io.vhost4j.bench.target.BenchException;
import io.vhost4j.virtqueue.DriverQueue;

/** Buffers of one size in guest memory, ready to be sent again and again without preparation. */
public interface Chains {
  /**
   * Adds a buffer to the ring.
   *
   * @param slot which buffer: from 0 on
   * @return the head of its chain, -1 if the ring is full
   */
  int add(DriverQueue queue, int slot);

  /**
   * Looks at what the device has written into a buffer that came back.
   *
   * @throws BenchException if it did not do what it was asked for
   */
  void check(int slot) throws BenchException;
}
