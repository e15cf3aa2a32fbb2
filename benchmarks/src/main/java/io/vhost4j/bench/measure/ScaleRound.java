package io.vhost4j.bench.measure;

/**
 * One round of many streams.
 *
 * @param nanos its length
 * @param buffers that came back
 * @param misses periods that a device was late for
 * @param stalls how often the driver itself was held up for half a period and began anew
 * @param used by the processes measured
 * @param driverCpuNanos used by the thread that drives the streams
 */
public record ScaleRound(
    long nanos, long buffers, long misses, long stalls, Usage used, long driverCpuNanos) {
  /** Processor time of the processes measured in one second, in ms. */
  double cpuMillisPerSecond() {
    return 1000.0 * used.cpuNanos() / nanos;
  }
}
