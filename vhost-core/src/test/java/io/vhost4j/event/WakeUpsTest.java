package io.vhost4j.event;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.nativeio.Affinity;
import java.util.BitSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WakeUpsTest {
  /** Pins a thread, which nobody needs behind it. */
  private static long measure(BitSet processors) throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      return thread.submit(() -> WakeUps.measure(processors)).get(30, SECONDS);
    } finally {
      thread.shutdown();
    }
  }

  @Test
  void twoWakeUpsTakeSomeMicroseconds() throws Exception {
    assertThat(measure(Affinity.allowed())).isBetween(500L, 100_000_000L);
  }

  @Test
  void onASingleProcessorThereIsNothingToWaitFor() throws Exception {
    BitSet one = new BitSet();
    one.set(Affinity.allowed().nextSetBit(0));
    assertThat(measure(one)).isZero();
  }

  @Test
  void aProcessorThatIsNotThereLeavesNobodyWaiting() throws Exception {
    BitSet processors = new BitSet();
    processors.set(Affinity.allowed().nextSetBit(0));
    processors.set(8000);
    assertThat(measure(processors)).isZero();
  }

  @Test
  void theResultIsThereSoonAfterItWasAskedFor() throws Exception {
    WakeUps.measure();
    WakeUps.measure();
    while (WakeUps.roundTripNanos() == 0) {
      Thread.sleep(1);
    }
    assertThat(WakeUps.roundTripNanos()).isBetween(500L, 100_000_000L);
  }
}
