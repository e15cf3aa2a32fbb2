package io.vhost4j.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vhost4j.bench.target.BenchException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class UsageTest {
  private static final List<Long> SELF = List.of(ProcessHandle.current().pid());
  private static final long NANOS = 20_000_000;

  @Test
  void processorTimeAndSleepsOfAllThreadsCount() throws BenchException {
    Usage before = Usage.of(SELF);
    long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    while (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu < NANOS) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 10; i++) {
      LockSupport.parkNanos(1_000_000);
    }
    Usage used = Usage.of(SELF).since(before);

    // The scheduler counts at its ticks and switches: a tick of 10 ms may be missing.
    assertThat(used.cpuNanos()).isGreaterThanOrEqualTo(NANOS / 2);
    assertThat(used.wakeUps()).isGreaterThanOrEqualTo(10);
    assertThat(used.switches()).isGreaterThanOrEqualTo(used.wakeUps());
  }

  @Test
  void memoryIsThatOfAllProcesses() throws BenchException {
    long once = Usage.memory(SELF);

    assertThat(once).isGreaterThan(10_000_000);
    assertThat(Usage.memory(List.of(SELF.get(0), SELF.get(0)))).isGreaterThan(once);
  }

  @Test
  void aProcessThatHasEndedIsTold() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();

    assertThatThrownBy(() -> Usage.of(List.of(process.pid())))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("has ended");
  }
}
