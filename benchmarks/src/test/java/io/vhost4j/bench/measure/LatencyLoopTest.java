package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.bench.target.BenchException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class LatencyLoopTest {
  private static final long STALL_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

  private final Samples samples = new Samples();
  private boolean stalled;

  private void stallOnce() {
    long end = System.nanoTime() + STALL_NANOS;
    while (!stalled && System.nanoTime() < end) {
      LockSupport.parkNanos(STALL_NANOS);
    }
    stalled = true;
  }

  @Test
  void anOpenLoopCountsWhatAStallKeepsWaiting() throws BenchException {
    new LatencyLoop(1000).run(this::stallOnce, 2 * STALL_NANOS, samples);

    assertThat(samples.count()).isEqualTo(120);
    for (int i = 0; i < 60; i++) { // one is due each millisecond, and none is answered before 60
      assertThat(samples.nanos(i)).isGreaterThanOrEqualTo((60 - i) * 1_000_000L);
    }
  }

  @Test
  void aClosedLoopCountsAStallOnce() throws BenchException {
    LatencyLoop.CLOSED.run(this::stallOnce, STALL_NANOS + 1, samples);

    assertThat(samples.nanos(0)).isGreaterThanOrEqualTo(STALL_NANOS);
  }
}
