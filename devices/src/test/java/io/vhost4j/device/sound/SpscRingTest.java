package io.vhost4j.device.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SpscRingTest {
  @Property(tries = 200)
  void behavesLikeABoundedQueue(@ForAll boolean[] offers) {
    SpscRing<Integer> ring = new SpscRing<>(8);
    Deque<Integer> model = new ArrayDeque<>();
    for (int i = 0; i < offers.length; i++) {
      if (offers[i]) {
        boolean fits = model.size() < 8;
        assertThat(ring.offer(i)).isEqualTo(fits);
        if (fits) {
          model.add(i);
        }
      } else {
        assertThat(ring.poll()).isEqualTo(model.poll());
      }
      assertThat(ring.isEmpty()).isEqualTo(model.isEmpty());
    }
  }

  @Test
  @Tag("jdk")
  void carriesAllInOrderFromOneThreadToAnother() throws Exception {
    int count = 1_000_000;
    SpscRing<int[]> ring = new SpscRing<>(64);
    Thread producer =
        new Thread(
            () -> {
              for (int i = 0; i < count; ) {
                int[] element = {i};
                if (ring.offer(element)) {
                  i++;
                } else {
                  LockSupport.parkNanos(1);
                }
              }
            });
    producer.start();
    for (int i = 0; i < count; ) {
      int[] element = ring.poll();
      if (element == null) {
        LockSupport.parkNanos(1);
      } else {
        assertThat(element[0]).isEqualTo(i++);
      }
    }
    producer.join();
    assertThat(ring.isEmpty()).isTrue();
  }

  @Test
  @Tag("jdk")
  void aCapacityThatIsNoPowerOfTwoIsRefused() {
    assertThatThrownBy(() -> new SpscRing<>(6)).isInstanceOf(IllegalArgumentException.class);
  }
}
