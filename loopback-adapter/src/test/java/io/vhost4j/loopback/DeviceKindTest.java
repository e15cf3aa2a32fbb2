package io.vhost4j.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a card of some kind asks of the module. */
class DeviceKindTest {
  /** The module's max_memory, if nobody has changed it. */
  private static final long MOST = 256 << 20;

  private static final int QUEUE_SIZE = 1024;

  /** Of a ring of {@link #QUEUE_SIZE}, with the page that the module begins with. */
  private static final long RING_BYTES = 32 << 10;

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 15, 16})
  void asManyQueuesAsThereMayBeFitIntoTheMemoryOfACard(int count) {
    for (DeviceKind kind : DeviceKind.ALL) {
      long bytes =
          kind.queues(count, QUEUE_SIZE).stream()
              .mapToLong(queue -> queue.memoryBytes() + RING_BYTES)
              .sum();
      assertThat(bytes).as(kind.name()).isPositive().isLessThanOrEqualTo(MOST);
    }
  }
}
