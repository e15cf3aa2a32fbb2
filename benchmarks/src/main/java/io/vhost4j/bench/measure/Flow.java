package io.vhost4j.bench.measure;

/**
 * What went through a queue.
 *
 * @param buffers that came back
 * @param nanos from the first sent to the last back
 * @param kicks notifications to the device
 * @param wakeUps waits of the driver that ended with a notification
 */
public record Flow(long buffers, long nanos, long kicks, long wakeUps) {
  /** Buffers in a second. */
  public double perSecond() {
    return buffers * 1e9 / nanos;
  }
}
