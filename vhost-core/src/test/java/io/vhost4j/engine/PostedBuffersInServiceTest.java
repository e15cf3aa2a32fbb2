package io.vhost4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vhost4j.device.queue.PostedBuffers;
import io.vhost4j.virtqueue.ChainWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events that come while their queue is disabled or broken, or is about to stop. */
class PostedBuffersInServiceTest {
  private final Queue<Byte> waiting = new ArrayDeque<>();
  private final List<Byte> told = new ArrayList<>();
  private final PostedBuffers buffers = new PostedBuffers(this::fill);
  private final EngineRig rig = new EngineRig(buffers);

  PostedBuffersInServiceTest() throws Exception {}

  private int fill(ChainWriter buffer) {
    Byte next = waiting.poll();
    if (next == null) {
      return 0;
    }
    buffer.writeByte(next);
    told.add(next);
    return 1;
  }

  /** On the loop. */
  private void tell(int event) {
    waiting.add((byte) event);
    buffers.fill();
  }

  private void assertUsed(int... heads) throws Exception {
    for (int head : heads) {
      assertThat(rig.driver.poll()).isEqualTo(head);
      assertThat(rig.driver.usedLength()).isEqualTo(1);
    }
    assertThat(rig.driver.poll()).isEqualTo(-1);
  }

  @BeforeEach
  void start() throws Exception {
    rig.loop.run(rig::begin);
    EngineRig.await(rig.loop.call(rig::start));
  }

  @AfterEach
  void close() throws Exception {
    rig.close();
  }

  @Test
  void anEventForADisabledQueueIsToldWhenItIsEnabled() throws Exception {
    disable();
    rig.loop.run(
        () -> {
          int head = rig.send();
          tell(1);
          tell(2);
          assertThat(told).isEmpty();
          rig.queue().enable();
          assertUsed(head);
          assertUsed(rig.send());
        });
    assertThat(told).containsExactly((byte) 1, (byte) 2);
  }

  private void disable() throws Exception {
    Object unused = EngineRig.await(rig.loop.call(() -> rig.queue().disable()));
  }

  /** The driver may have freed it: user-mode Linux has. */
  @Test
  void aBufferOfADisabledQueueIsNotTouched() throws Exception {
    int head = rig.loop.call(rig::send);
    disable();
    rig.loop.run(
        () -> {
          tell(1);
          assertUsed();
          assertThat(told).isEmpty();
          rig.queue().enable();
          assertUsed(head);
        });
    assertThat(told).containsExactly((byte) 1);
  }

  @Test
  void aBufferThatWaitsInAQueueThatIsBeingDisabledIsUsedOnce() throws Exception {
    rig.loop.run(
        () -> {
          int head = rig.send();
          rig.queue().disable();
          tell(1);
          tell(2);
          rig.queue().enable();
          assertUsed(head);
        });
    assertThat(told).containsExactly((byte) 1);
    assertThat(waiting).containsExactly((byte) 2);
  }

  @Test
  void anEventForABrokenQueueIsToldWhenTheQueueIsStartedAnew() throws Exception {
    rig.loop.run(
        () -> {
          int head = rig.send();
          rig.breakRing();
          tell(1); // and finds out
          tell(2);
          assertUsed(head);
        });
    assertThat(rig.events).contains("broken");
    assertThat(told).containsExactly((byte) 1);
    EngineRig.await(rig.loop.call(() -> rig.queue().stop()));
    EngineRig.await(rig.loop.call(rig::start));
    rig.loop.run(() -> assertUsed(rig.send()));
    assertThat(told).containsExactly((byte) 1, (byte) 2);
  }

  @Test
  void anEventForAQueueThatStopsIsToldOnce() throws Exception {
    rig.loop.run(
        () -> {
          int head = rig.send();
          rig.queue().stop();
          tell(1);
          tell(2);
          assertUsed(head);
        });
    rig.loop.settle();
    EngineRig.await(rig.loop.call(rig::start));
    rig.loop.run(() -> assertUsed(rig.send()));
    assertThat(told).containsExactly((byte) 1, (byte) 2);
  }

  /** A device may say that there is more while it is asked. */
  @Test
  void aSourceThatAsksToBeAskedAgainFillsABufferOnce() throws Exception {
    PostedBuffers[] nested = new PostedBuffers[1];
    Queue<Byte> events = new ArrayDeque<>(List.of((byte) 1, (byte) 2));
    nested[0] =
        new PostedBuffers(
            buffer -> {
              Byte next = events.poll();
              nested[0].fill();
              if (next != null) {
                buffer.writeByte(next);
              }
              return next == null ? 0 : 1;
            });
    try (EngineRig again = new EngineRig(nested[0])) {
      again.loop.run(again::begin);
      EngineRig.await(again.loop.call(again::start));
      again.loop.run(
          () -> {
            int first = again.add();
            int second = again.send();
            assertThat(again.driver.poll()).isEqualTo(first);
            assertThat(again.driver.poll()).isEqualTo(second);
          });
      assertThat(again.events).doesNotContain("broken");
    }
  }
}
